import numpy as np
import pandas as pd
import pytest
from affine import Affine
from matplotlib.image import imread
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.shift_picture import draw_shift

UTM = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, 5e5, 0, -10, 4.7e6), (600, 900))
DEGREES = RasterGrid(CRS.from_epsg(4326), Affine(1e-4, 0, 141, 0, -1e-4, 60), (600, 900))


def windows(grid, used):
    places = [grid.transform @ place for place in ((200, 150), (600, 300), (300, 450))]
    frame = pd.DataFrame(places, columns=['x', 'y'])
    return frame.assign(dx_m=[7.0, 6.5, 8.0], dy_m=[-3.0, -2.5, 2.0], used=used)


def picture(frame, grid, tmp_path):
    draw_shift(frame, grid, tmp_path / 'shift.png', heading='a heading')
    return imread(tmp_path / 'shift.png')[..., :3]


def red_pixels(pixels):
    red = np.array([0xB2, 0x18, 0x2B]) / 255
    return int((np.abs(pixels - red).max(axis=2) < 0.02).sum())


def test_arrows_are_drawn_for_what_was_measured_only(tmp_path):
    every = red_pixels(picture(windows(UTM, True), UTM, tmp_path))
    one = red_pixels(picture(windows(UTM, [True, False, False]), UTM, tmp_path))
    none = red_pixels(picture(windows(UTM, False), UTM, tmp_path))
    assert every > one > none
    assert none < 200


@pytest.mark.parametrize('grid', [UTM, DEGREES], ids=['metres', 'degrees'])
def test_the_picture_has_the_scenes_shape_on_the_ground(grid, tmp_path):
    pixels = picture(windows(grid, True), grid, tmp_path)
    width, height = (step * count for step, count in zip(grid.pixel_size, (900, 600), strict=True))
    black = (pixels < 0.1).all(axis=2)
    # The longest dark rows and columns are the frame's.
    rows, cols = (np.flatnonzero(black.mean(axis=axis) > 0.5) for axis in (1, 0))
    assert np.ptp(cols) / np.ptp(rows) == pytest.approx(width / height, rel=0.01)


@pytest.mark.usefixtures('foreign_style')
def test_nothing_measured_is_a_picture_too(tmp_path):
    assert picture(windows(UTM, True).iloc[:0], UTM, tmp_path).size
    still = windows(UTM, True).assign(dx_m=0.0, dy_m=0.0)
    assert picture(still, UTM, tmp_path).size


@pytest.mark.parametrize('shape', [(600, 900), (40, 900), (900, 40)], ids=['', 'wide', 'tall'])
def test_nothing_is_clipped(shape, tmp_path):
    grid = RasterGrid(UTM.crs, UTM.transform, shape)
    pixels = picture(windows(UTM, [True, True, False]), grid, tmp_path)
    for border in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]):
        assert (border == 1).all()
    # The key, an arrow of 0.6 inches, stands in the legend.
    red = np.abs(pixels - np.array([0xB2, 0x18, 0x2B]) / 255).max(axis=2) < 0.02
    assert red[-60:].sum(axis=1).max() == pytest.approx(0.6 * 120, abs=10)
