import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal.windows import hann as scipy_hann

from dfpenet_mm.mapping.plan.blending import FLOOR, axis_weights, hann
from dfpenet_mm.mapping.plan.windows import axis_offsets


def test_hann_is_sampled_at_pixel_centres():
    # Every other sample of a window twice as fine, without its zero ends.
    reference = scipy_hann(2 * 16 + 1)[1::2]
    np.testing.assert_allclose(hann(16, floor=1e-9), reference, atol=1e-12)


def test_no_weight_falls_below_the_floor():
    weights = hann(512)
    assert weights.min() == FLOOR
    assert weights.max() > 0.9999
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-12)


@given(st.integers(1, 120), st.integers(1, 40), st.data())
def test_weights_of_every_pixel_add_up_to_one(size, window, data):
    offsets = axis_offsets(size, window, data.draw(st.integers(1, window)))
    total = np.zeros(size)
    for offset, weights in zip(offsets, axis_weights(offsets, window, size), strict=True):
        assert weights.min() > 0
        total[offset : offset + weights.size] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_tiles_that_do_not_overlap_weigh_exactly_one():
    offsets = axis_offsets(24, 8, 8)
    assert all((weights == 1).all() for weights in axis_weights(offsets, 8, 24))


def test_the_nearer_window_weighs_more():
    left, right = axis_weights((0, 6), 8, 14)
    assert left[6] > right[0]
    assert left[7] < right[1]
