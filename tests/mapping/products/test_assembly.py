import numpy as np

from dfpenet_mm.mapping.products.assembly import Strip, threshold_rows


def test_rows_become_pixels_of_the_products():
    values = np.array([[-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7, 0.9]], np.float32)
    valid = np.array([[True, True, True, True, True, False]])
    probability, mask = threshold_rows(Strip(0, values, valid), threshold=0.5)
    np.testing.assert_array_equal(probability, [[0, 0.25, 0.5, 0.75, 1, np.nan]])
    np.testing.assert_array_equal(mask, [[0, 0, 1, 1, 1, 255]])
    assert (probability.dtype, mask.dtype) == (np.float32, np.uint8)
