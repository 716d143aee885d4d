import numpy as np
import pytest

from dfpenet_mm.errors import InputFileError
from postproc.masks.burner import write_final_mask

MASK = np.array([[1, 1, 0, 255], [0, 0, 0, 255], [0, 1, 0, 1], [1, 0, 0, 0]])


def test_mask_says_what_the_inventory_says(make_product, read_band, tmp_path):
    product = make_product(MASK)
    lost = product.landslides.area.to_numpy() < 200
    product = product.reject(lost, 'GeologicFilter', ['too small'])

    path = write_final_mask(product, product.out_dir / 'mask.tif')

    wanted = MASK.copy()
    wanted[2, 3] = 0
    np.testing.assert_array_equal(read_band(path), wanted)
    np.testing.assert_array_equal(read_band(tmp_path / 'mask.tif'), MASK)
    assert list(product.out_dir.iterdir()) == [path]


def test_mask_may_be_replaced_where_it_stands(make_product, read_band):
    product = make_product(MASK)
    product = product.replace(landslides=product.landslides.iloc[:0])

    path = write_final_mask(product, product.rasters['mask'])

    np.testing.assert_array_equal(read_band(path), np.where(MASK == 255, 255, 0))


def test_wants_a_mask(make_product):
    product = make_product(MASK)

    with pytest.raises(InputFileError, match="no 'mask'"):
        write_final_mask(product.replace(rasters={}), product.out_dir / 'mask.tif')
