import mmcv
import numpy as np
import pytest
import rasterio

from dfpenet_mm.datasets import LoadRasterImage, LoadRasterMask
from dfpenet_mm.errors import InputFileError, RasterFormatError

pytestmark = pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')


def write(path, bands):
    count, height, width = bands.shape
    with rasterio.open(
        path, 'w', driver='GTiff', count=count, height=height, width=width, dtype=bands.dtype
    ) as target:
        target.write(bands)
    return str(path)


def test_bands_keep_their_order(tmp_path):
    bands = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3)
    path = write(tmp_path / 'chip.tif', bands)
    results = LoadRasterImage(bands=(4, 1))({'img_path': path})
    np.testing.assert_array_equal(results['img'], np.stack([bands[3], bands[0]], axis=-1))
    assert results['img'].dtype == np.uint8
    assert results['img_shape'] == results['ori_shape'] == (2, 3)


def test_16_bit_becomes_float32(tmp_path):
    bands = np.full((3, 2, 2), 40_000, np.uint16)
    results = LoadRasterImage()({'img_path': write(tmp_path / 'chip.tif', bands)})
    assert results['img'].dtype == np.float32
    assert results['img'].max() == 40_000


def test_an_array_has_the_order_of_mmcv(tmp_path):
    """An image read by mmcv is BGR: the network gets what it would get from the file."""
    bands = np.arange(3 * 6, dtype=np.uint8).reshape(3, 2, 3)
    path = write(tmp_path / 'chip.tif', bands)
    for order in ((1, 2, 3), (3, 1, 2)):
        loading = LoadRasterImage(bands=order)
        from_file, from_array = (
            loading(given) for given in ({'img_path': path}, {'img': mmcv.imread(path)})
        )
        np.testing.assert_array_equal(from_array.pop('img'), from_file.pop('img'))
        assert from_array == from_file | {'img_path': None}


def test_an_array_of_another_number_of_bands_has_the_order_of_the_file():
    array = np.arange(2 * 3 * 4, dtype=np.float64).reshape(2, 3, 4)
    results = LoadRasterImage(bands=(4, 2))({'img': array})
    np.testing.assert_array_equal(results['img'], array[..., [3, 1]])
    assert results['img'].dtype == np.float32
    grey = LoadRasterImage(bands=(1,))({'img': array[..., 0]})
    np.testing.assert_array_equal(grey['img'], array[..., :1])


@pytest.mark.parametrize(
    ('shape', 'complaint'),
    [((2, 2), 'has 1 band, wanted is band 3'), ((2, 2, 3, 1), 'is no image')],
)
def test_an_array_that_does_not_serve(shape, complaint):
    with pytest.raises(RasterFormatError, match=complaint):
        LoadRasterImage()({'img': np.zeros(shape, np.uint8)})


def test_too_few_bands(tmp_path):
    path = write(tmp_path / 'grey.tif', np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(RasterFormatError, match=r'grey\.tif has 1 bands, wanted is band 3'):
        LoadRasterImage()({'img_path': path})


def test_no_image(tmp_path):
    path = tmp_path / 'text.png'
    path.write_text('no image')
    with pytest.raises(InputFileError, match=r'text\.png cannot be read'):
        LoadRasterImage()({'img_path': str(path)})


def test_mask_values_become_classes(tmp_path):
    mask = np.array([[[0, 255, 7]]], np.uint8)
    path = write(tmp_path / 'mask.tif', mask)
    results = LoadRasterMask(value_map={'0': 0, 255: 1, 7: 255})({'seg_map_path': path})
    np.testing.assert_array_equal(results['gt_seg_map'], [[0, 1, 255]])
    assert results['seg_fields'] == ['gt_seg_map']


def test_unknown_mask_value_is_named(tmp_path):
    path = write(tmp_path / 'mask.tif', np.array([[[0, 3]]], np.uint8))
    with pytest.raises(RasterFormatError, match=r'mask\.tif holds the values \[3\]'):
        LoadRasterMask(value_map={0: 0, 255: 1})({'seg_map_path': path})


def test_mask_in_colours(tmp_path):
    colours = np.zeros((3, 2, 2), np.uint8)
    colours[:, 0, 1] = 1
    loading = LoadRasterMask(value_map={0: 0, 1: 1})
    grey = write(tmp_path / 'grey.tif', colours)
    np.testing.assert_array_equal(loading({'seg_map_path': grey})['gt_seg_map'], [[0, 1], [0, 0]])
    colours[1, 1, 1] = 1
    with pytest.raises(RasterFormatError, match=r'green\.tif has 3 bands that differ'):
        loading({'seg_map_path': write(tmp_path / 'green.tif', colours)})


def test_a_window_of_a_tile(tmp_path):
    bands = np.arange(2 * 5 * 4, dtype=np.uint8).reshape(2, 5, 4)
    path = write(tmp_path / 'tile.tif', bands)
    results = LoadRasterImage(bands=(2,))({'img_path': path, 'window': (1, 2, 3, 2)})
    np.testing.assert_array_equal(results['img'][..., 0], bands[1, 1:4, 2:4])
    assert results['img_shape'] == results['ori_shape'] == (3, 2)


def test_a_mask_window_without_what_was_seen(tmp_path):
    mask = np.zeros((1, 5, 4), np.uint8)
    mask[0, 3, 3] = 7
    path = write(tmp_path / 'tile.tif', mask)
    loading = LoadRasterMask(value_map={0: 0, 7: 1})
    results = loading({'seg_map_path': path, 'window': (2, 1, 3, 3), 'seen': (1, 2)})
    np.testing.assert_array_equal(
        results['gt_seg_map'], [[255, 255, 255], [255, 255, 1], [255, 255, 0]]
    )


@pytest.mark.parametrize('window', [(3, 0, 3, 2), (0, 3, 2, 2), (-1, 0, 2, 2), (0, -1, 2, 2)])
def test_a_window_outside_of_the_tile_is_an_error(tmp_path, window):
    """GDAL would cut the window, and the chip would be smaller than its batch."""
    path = write(tmp_path / 'tile.tif', np.zeros((1, 5, 4), np.uint8))
    with pytest.raises(RasterFormatError, match=r'tile\.tif has 5 x 4 pixels.*reaches outside'):
        LoadRasterImage(bands=(1,))({'img_path': path, 'window': window})


def test_kept_images_and_masks_are_read_once_and_stay_as_they_were(tmp_path):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    image = write(tmp_path / 'chip.tif', pixels)
    mask = write(tmp_path / 'mask.tif', np.array([[[0, 9], [9, 0]]], np.uint8))
    loading = [LoadRasterImage(keep=True), LoadRasterMask({0: 0, 9: 1}, keep=True)]
    sample = {'img_path': image, 'seg_map_path': mask}
    windows = [None, (0, 0, 1, 2), None, (0, 0, 1, 2)]
    for number, window in enumerate(windows):
        results = dict(sample, window=window, seen=(1, 0) if number < 2 else (0, 0))
        for transform in loading:
            results = transform(results)
        rows = 1 if window else 2
        np.testing.assert_array_equal(results['img'], np.moveaxis(pixels, 0, -1)[:rows])
        if number >= 2:
            np.testing.assert_array_equal(results['gt_seg_map'], [[0, 1], [1, 0]][:rows])
        results['img'][:] = results['gt_seg_map'][:] = 77
        if number == 1:
            (tmp_path / 'chip.tif').unlink()
            (tmp_path / 'mask.tif').unlink()
