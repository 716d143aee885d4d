import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.errors import GridMismatchError, InputFileError, OutputError
from postproc.masks.product_rasters import edit_mask, open_role, scene_windows

PLACE = {'crs': 'EPSG:32654', 'transform': Affine(10, 0, 500_000, 0, -10, 4_700_000)}


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 60))
def test_windows_cover_every_pixel_once(rows, cols, size):
    hits = np.zeros((rows, cols), int)
    for window in scene_windows((rows, cols), size):
        hits[window.toslices()] += 1
    assert (hits == 1).all()


def test_open_role_says_what_is_missing(make_product, write_raster):
    product = make_product([[0, 1], [0, 0]])
    other = write_raster('other.tif', np.zeros((3, 3), np.uint8))

    with pytest.raises(InputFileError, match="no 'pre_mask'"):
        open_role(product, 'pre_mask')
    with pytest.raises(GridMismatchError, match="the raster 'pre_mask'"):
        open_role(product.replace(rasters={'pre_mask': other}), 'pre_mask')
    with pytest.raises(InputFileError, match='does not exist'):
        open_role(product.replace(rasters={'mask': other.with_name('x.tif')}), 'mask')


def test_edit_keeps_profile_tags_and_colours(tmp_path):
    path = tmp_path / 'mask.tif'
    profile = {'driver': 'GTiff', 'height': 40, 'width': 40, 'count': 1, 'dtype': 'uint8'}
    layout = {'tiled': True, 'blockxsize': 16, 'blockysize': 16, 'compress': 'deflate'}
    with rasterio.open(path, 'w', **profile, **layout, **PLACE, nodata=255) as mask:
        mask.write(np.ones((40, 40), np.uint8), 1)
        mask.update_tags(model='demo')
        mask.write_colormap(1, {1: (255, 0, 0, 255)})

    edit_mask(path, path, lambda _, mask: mask * 0)

    with rasterio.open(path) as mask:
        assert not mask.read(1).any()
        assert mask.tags()['model'] == 'demo'
        assert mask.colormap(1)[1] == (255, 0, 0, 255)
        assert (mask.block_shapes, mask.nodata) == ([(16, 16)], 255)
        assert mask.compression.name == 'deflate'
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_edit_leaves_the_mask_as_it_was(make_product, read_band):
    product = make_product([[0, 1], [255, 0]])
    path = product.rasters['mask']

    def fail(*_):
        raise RuntimeError('half way')

    with pytest.raises(RuntimeError, match='half way'):
        edit_mask(path, path, fail)
    np.testing.assert_array_equal(read_band(path), [[0, 1], [255, 0]])
    assert sorted(p.name for p in path.parent.iterdir()) == ['mask.tif', 'out']


@pytest.mark.parametrize('limit', [100, 1000, 8000])
def test_a_full_disk_ends_in_one_sentence_and_leaves_the_mask(
    write_raster, read_band, full_disk, limit
):
    pixels = np.ones((100, 100), np.uint8)
    path = write_raster('mask.tif', pixels, nodata=255)

    with full_disk(limit), pytest.raises(OutputError, match=r'mask\.tif cannot be written'):
        edit_mask(path, path, lambda _, mask: mask * 0)

    np.testing.assert_array_equal(read_band(path), pixels)
    assert list(path.parent.iterdir()) == [path]


def test_pixels_lost_when_the_file_is_closed_are_noticed(write_raster, monkeypatch):
    path = write_raster('mask.tif', np.ones((100, 100), np.uint8))
    sparse = [np.ones((100, 100), np.uint8), np.zeros((100, 100), np.uint8)]
    monkeypatch.setattr(rasterio.io.DatasetReader, 'read', lambda *_, **__: sparse.pop(0))

    with pytest.raises(OutputError, match='does not hold the pixels'):
        edit_mask(path, path.with_name('copy.tif'), lambda _, mask: mask)


def test_a_source_cut_short_is_no_fault_of_the_output(write_raster):
    path = write_raster('mask.tif', np.ones((100, 100), np.uint8))
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(InputFileError, match='cannot be read to its end'):
        edit_mask(path, path.with_name('copy.tif'), lambda _, mask: mask)
