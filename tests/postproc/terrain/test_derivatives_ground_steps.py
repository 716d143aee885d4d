import numpy as np
import pyproj
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.terrain.derivatives import ground_steps


def test_degrees_are_as_long_as_their_latitude_makes_them():
    grid = RasterGrid(CRS.from_epsg(4326), Affine(0.01, 0, 20, 0, -0.01, 61), (300, 200))
    window = Window(10, 100, 150, 130)

    steps = ground_steps(grid, window)

    latitude = np.radians(61 - 0.01 * (np.arange(100, 230) + 0.5))
    a, e2 = 6_378_137.0, 0.006_694_379_990_14
    denominator = 1 - e2 * np.sin(latitude) ** 2
    east = np.radians(0.01) * a * np.cos(latitude) / np.sqrt(denominator)
    south = np.radians(0.01) * a * (1 - e2) / denominator**1.5
    for col in (0, 70, 149):
        np.testing.assert_allclose(steps.col_east[:, col], east, rtol=2e-5)
        np.testing.assert_allclose(steps.row_north[:, col], -south, rtol=2e-5)
    # A parallel is a geodesic nearly, but not quite.
    assert np.abs(steps.col_north).max() < 0.05
    assert np.abs(steps.row_east).max() < 1e-6


@pytest.mark.parametrize('easting', [300_000, 500_000, 800_000])
def test_utm_is_turned_to_true_north(easting):
    grid = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, easting, 0, -10, 4_700_000), (20, 20))

    steps = ground_steps(grid, Window(0, 0, 20, 20))

    lon, lat = pyproj.Transformer.from_crs(32654, 4326, always_xy=True).transform(
        easting + 100, 4_699_900
    )
    factors = pyproj.Proj(32654).get_factors(lon, lat)
    length = 10 / factors.meridional_scale
    turned = np.radians(factors.meridian_convergence)
    assert steps.row_east[10, 10] == pytest.approx(-length * np.sin(turned), abs=1e-4)
    assert steps.row_north[10, 10] == pytest.approx(-length * np.cos(turned), abs=1e-4)
    assert steps.lengths == pytest.approx((length, length), rel=1e-5)


def test_feet_are_turned_to_metres():
    """New York Long Island, US survey feet."""
    transform = Affine(100, 0, 984_250, 0, -100, 200_000)
    grid = RasterGrid(CRS.from_epsg(2263), transform, (4, 4))

    assert ground_steps(grid, Window(0, 0, 4, 4)).lengths == pytest.approx((30.48, 30.48), rel=1e-4)


@pytest.mark.parametrize('shape', [(1, 1), (1, 300), (65, 2)])
def test_inverse_takes_the_steps_back(shape):
    transform = Affine.translation(141, 42) @ Affine.rotation(30) @ Affine.scale(2e-4, -3e-4)
    grid = RasterGrid(CRS.from_epsg(4326), transform, (400, 400))

    steps = ground_steps(grid, Window(5, 7, shape[1], shape[0]))

    col_east, col_north, row_east, row_north = steps.inverse()
    assert steps.col_east.shape == shape
    np.testing.assert_allclose(col_east * steps.col_east + col_north * steps.col_north, 1)
    np.testing.assert_allclose(row_east * steps.row_east + row_north * steps.row_north, 1)
    np.testing.assert_allclose(
        col_east * steps.row_east + col_north * steps.row_north, 0, atol=1e-12
    )
