import numpy as np
import pytest
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.report.backdrop import decimated, read_backdrop
from tests.report.page.generated_run import UPRIGHT, grid_of, write_raster


@pytest.fixture
def image(tmp_path):
    """Dark left half, bright right half, nodata above; 120 x 160 pixels of 10 m."""
    pixels = np.full((3, 120, 160), 50, np.uint8)
    pixels[:, :, 80:] = 150
    pixels[:, :30] = 0
    write_raster(tmp_path / 'image.tif', pixels, nodata=0)
    return tmp_path / 'image.tif'


def test_a_decimated_grid_covers_the_same_ground():
    grid = grid_of(shape=(1000, 301))
    small = decimated(grid, 100)
    assert small.shape == (100, 31)
    assert small.transform @ (31, 100) == pytest.approx(grid.transform @ (301, 1000))
    assert decimated(grid, 5000).shape == grid.shape


def test_colours_are_stretched_and_nodata_transparent(image):
    backdrop = read_backdrop(image, max_side=500)
    assert backdrop.colours.shape == (120, 160, 4)
    assert (backdrop.colours[:30, :, 3] == 0).all()
    assert (backdrop.colours[30:, :80] == (0, 0, 0, 255)).all()
    assert (backdrop.colours[30:, 80:] == 255).all()
    assert backdrop.limits.tolist() == [[50] * 3, [150] * 3]


def test_other_limits_give_other_colours(image):
    limits = np.array([[0.0] * 3, [200.0] * 3])
    backdrop = read_backdrop(image, max_side=500, limits=limits)
    assert backdrop.colours[60, 10, 0] == round(255 * 50 / 200)
    assert backdrop.colours[60, 100, 0] == round(255 * 150 / 200)


def test_an_image_is_warped_onto_the_scene(image):
    # Twice as coarse, two pixels of the image further east, and larger than it.
    grid = grid_of(UPRIGHT @ Affine.translation(20, 0) @ Affine.scale(2), shape=(70, 90))
    colours = read_backdrop(image, grid=grid, max_side=500).colours
    assert colours.shape == (70, 90, 4)
    assert (colours[20:55, :29, 0] < 10).all()
    assert (colours[20:55, 31:68, 0] > 245).all()
    assert (colours[:, 72:, 3] == 0).all()
    assert (colours[62:, :, 3] == 0).all()


def test_bands_are_chosen(tmp_path):
    ramp = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)
    # Five bands, as GDAL takes the last of four for alpha.
    bands = [ramp, ramp[:, ::-1], ramp * 0 + 7, ramp, ramp]
    write_raster(tmp_path / 'image.tif', np.concatenate(bands))
    colours = read_backdrop(tmp_path / 'image.tif', bands=(2, 1, 4), max_side=50).colours
    assert colours[0, 0, 0] > 200
    assert colours[0, 0, 1] < 50
    assert colours[0, 0, 1] == colours[0, 0, 2]


def test_nothing_but_nodata_is_transparent(tmp_path):
    write_raster(tmp_path / 'image.tif', np.zeros((3, 5, 5), np.uint8), nodata=0)
    backdrop = read_backdrop(tmp_path / 'image.tif', max_side=50)
    assert (backdrop.colours == 0).all()
    assert backdrop.limits is None


@pytest.mark.parametrize('factor', [1, 2], ids=['own grid', 'warped'])
def test_what_is_valid_is_what_the_scene_calls_valid(tmp_path, factor):
    pixels = np.full((3, 20, 20), 90, np.uint8)
    pixels[0, 4:8, 4:8] = 0
    pixels[:, 12:16, 12:16] = 0
    write_raster(tmp_path / 'image.tif', pixels, nodata=0)
    grid = grid_of(UPRIGHT @ Affine.scale(1 / factor), shape=(20 * factor, 20 * factor))

    shown = read_backdrop(tmp_path / 'image.tif', grid=grid, max_side=500).colours[..., 3] > 0
    with Scene(tmp_path / 'image.tif', grid=grid) as scene:
        _, valid = scene.read(Window(0, 0, 20 * factor, 20 * factor))

    np.testing.assert_array_equal(shown, valid)
    assert (~valid).sum() == 16 * factor**2


def test_a_value_called_nodata_is_transparent(tmp_path):
    pixels = np.full((3, 6, 6), 90, np.int16)
    pixels[:, 0] = -9999
    write_raster(tmp_path / 'image.tif', pixels)
    backdrop = read_backdrop(tmp_path / 'image.tif', max_side=50, nodata=(-9999,))
    assert (backdrop.colours[0, :, 3] == 0).all()
    assert (backdrop.colours[1:, :, 3] == 255).all()


def test_what_cannot_be_drawn_is_told(image, tmp_path):
    with pytest.raises(InputFileError, match='cannot be drawn'):
        read_backdrop(image, bands=(1, 2, 9), max_side=50)
    (tmp_path / 'text.tif').write_text('no raster')
    with pytest.raises(InputFileError, match=r'text\.tif cannot be drawn'):
        read_backdrop(tmp_path / 'text.tif', max_side=50)
