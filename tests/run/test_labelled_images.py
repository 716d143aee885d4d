import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from dfpenet_mm.errors import ConfigError, GridMismatchError, InputFileError, RasterFormatError
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.labelled_images import averaged, find_images, read_truth

pytestmark = pytest.mark.filterwarnings(
    f'ignore::{NotGeoreferencedWarning.__module__}.{NotGeoreferencedWarning.__name__}'
)
UTM = 'EPSG:32654'
PLACE = Affine(10, 0, 500_000, 0, -10, 4_700_000)


def picture(rows=6, cols=8):
    return np.arange(rows * cols * 3, dtype=np.uint8).reshape(rows, cols, 3)


@pytest.fixture
def folder(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    return tmp_path


def add(folder, name='a', *, mask=(0, 255), suffix='png', shape=(6, 8)):
    Image.fromarray(picture()).save(folder / 'images' / f'{name}.{suffix}')
    values = np.resize(np.array(mask, np.uint8), shape)
    Image.fromarray(values).save(folder / 'masks' / f'{name}.png')


def write_raster(path, bands, **profile):
    settings = {'driver': 'GTiff', 'dtype': bands.dtype, 'count': len(bands), **profile}
    rows, cols = bands.shape[1:]
    with rasterio.open(path, 'w', width=cols, height=rows, **settings) as target:
        target.write(bands)
    return path


@pytest.mark.parametrize('high', [1, 255])
def test_masks_of_both_codes(folder, high):
    add(folder, mask=(0, high))
    (found,) = find_images(folder, pixel_size=0.5)
    assert found.truth().tolist() == [[0, 1] * 4] * 6
    assert found.pixel_size == pytest.approx(0.5)
    assert (found.placed, found.grid.shape) == (False, (6, 8))


def test_what_lies_beside_rasters_is_no_image(folder):
    add(folder)
    for name in ('a.pgw', 'a.png.aux.xml', '.DS_Store', 'README.md', 'Thumbs.db'):
        (folder / 'images' / name).write_text('1')
    assert [found.image.name for found in find_images(folder, pixel_size=1)] == ['a.png']


def test_a_place_says_the_size_of_pixels(tmp_path):
    (tmp_path / 'masks').mkdir()
    bands = np.moveaxis(picture(), -1, 0)
    write_raster(tmp_path / 'a.tif', bands, crs=UTM, transform=PLACE)
    write_raster(tmp_path / 'masks' / 'a.tif', (bands[:1] > 50).astype(np.uint8))
    (found,) = find_images(tmp_path, pixel_size=3)
    assert (found.placed, found.pixel_size) == (True, 10)
    assert found.write_scaled(1, tmp_path / 'b.tif') == tmp_path / 'a.tif'


def test_declared_nodata_of_a_mask_is_not_judged_but_0_is(tmp_path):
    values = np.array([[[0, 1, 255]]], np.uint8)
    assert read_truth(write_raster(tmp_path / 'a.tif', values, nodata=255)).tolist() == [
        [0, 1, 255]
    ]
    values = np.array([[[0, 255, 255]]], np.uint8)
    assert read_truth(write_raster(tmp_path / 'b.tif', values, nodata=0)).tolist() == [[0, 1, 1]]


def test_background_needs_no_masks(folder):
    add(folder)
    (found,) = find_images(folder, background=True, pixel_size=1)
    assert not found.truth().any()
    with pytest.raises(ConfigError, match='--background was given with --masks'):
        find_images(folder, background=True, masks=folder / 'masks')


def test_a_scaled_image_is_a_scene_of_means(folder):
    add(folder)
    (found,) = find_images(folder, pixel_size=0.5)
    path = found.write_scaled(4, folder / 'scaled.tif')
    with Scene(path) as scene:
        values, valid = scene.read(rasterio.windows.Window(0, 0, 2, 2))
        assert scene.grid.gsd == pytest.approx(2)
        assert scene.shape == (2, 2)
    assert valid.all()
    # The lower blocks have two rows only.
    whole = picture().astype(float)
    means = [[whole[r : r + 4, c : c + 4].mean(axis=(0, 1)) for c in (0, 4)] for r in (0, 4)]
    np.testing.assert_array_equal(np.moveaxis(values, 0, -1), np.rint(means))


def test_means_are_of_valid_pixels_and_colours_stay(tmp_path):
    bands = np.full((4, 4, 4), 100, np.uint16)
    bands[:, 0, 0], bands[:, 2:, 2:] = 0, 0
    place = {'crs': UTM, 'transform': PLACE}
    path = write_raster(tmp_path / 'a.tif', bands, nodata=0, photometric='MINISBLACK', **place)
    order = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined]
    with rasterio.open(path, 'r+') as target:
        target.colorinterp = order
    (found,) = find_images(tmp_path, background=True)
    with rasterio.open(found.write_scaled(2, tmp_path / 'b.tif')) as scaled:
        assert list(scaled.colorinterp) == order
        assert scaled.read(1).tolist() == [[100, 100], [100, 0]]
        assert (scaled.read_masks(1) > 0).tolist() == [[True, True], [True, False]]
        assert scaled.transform.a == 20


@given(
    arrays(np.float32, (2, 5, 7), elements=st.floats(-9, 9, width=16)),
    arrays(bool, (5, 7)),
    st.integers(2, 4),
)
def test_averages_against_loops(values, valid, factor):
    found = averaged(values, valid, factor)
    for row, col in np.ndindex(found.shape[1:]):
        block = np.s_[row * factor : (row + 1) * factor, col * factor : (col + 1) * factor]
        for band, mean in zip(values, found[:, row, col], strict=True):
            kept = band[block][valid[block]]
            assert mean == pytest.approx(kept.mean() if kept.size else 0, abs=1e-5)


def refused(kind, words, folder, **settings):
    with pytest.raises(kind, match=words):
        find_images(folder, **settings)


def test_folders_that_do_not_serve(folder, tmp_path):
    refused(InputFileError, 'nowhere is no folder; give one that', tmp_path / 'nowhere')
    refused(InputFileError, 'images holds no image; give a folder of rasters', folder)
    add(folder)
    Image.fromarray(picture()).save(folder / 'images' / 'b.png')
    refused(InputFileError, r'lacks the mask of b\.png \(1 of 2 images\)', folder, pixel_size=1)
    add(folder, suffix='tif')
    refused(InputFileError, 'several rasters called a; leave one', folder, pixel_size=1)


def test_files_that_do_not_serve(folder):
    add(folder)
    refused(RasterFormatError, 'how large its pixels are; give .* --pixel-size', folder)
    add(folder, mask=(0, 7))
    refused(RasterFormatError, 'holds the value 7, wanted are 0 and 1, or 0', folder, pixel_size=1)
    add(folder, mask=(0, 1, 255))
    refused(RasterFormatError, 'marks landslides by 1 and .* holds 255', folder, pixel_size=1)
    add(folder, shape=(6, 7))
    refused(GridMismatchError, r'has 7 x 6 pixels, its image a\.png has', folder, pixel_size=1)
    (folder / 'masks' / 'a.png').write_text('no raster')
    refused(InputFileError, 'cannot be read as a raster', folder, pixel_size=1)


def test_one_code_for_all_masks(folder):
    add(folder, 'a', mask=(0, 1))
    add(folder, 'b', mask=(0, 255))
    refused(RasterFormatError, r'a\.png marks landslides by 1 and .*b\.png', folder, pixel_size=1)


def test_bands_of_a_mask_must_be_one(folder):
    add(folder)
    Image.fromarray(picture()).save(folder / 'masks' / 'a.png')
    refused(RasterFormatError, 'has 3 bands that differ', folder, pixel_size=1)
