import math

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from rasterio.crs import CRS
from rasterio.warp import transform as transform_points
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.grid import RasterGrid, measures_are_planar

UTM = CRS.from_epsg(32654)
DEGREES = CRS.from_epsg(4326)


def utm_grid(transform=None, shape=(6, 8)):
    return RasterGrid(UTM, transform or Affine(10, 0, 500_000, 0, -10, 4_700_000), shape)


def test_projected_pixels_are_measured_in_the_plane():
    grid = utm_grid()
    assert grid.pixel_size == pytest.approx((10, 10))
    assert grid.gsd == pytest.approx(10)


def test_feet_become_metres():
    grid = RasterGrid(CRS.from_epsg(2263), Affine(5, 0, 980_000, 0, -5, 200_000), (10, 10))
    assert grid.gsd == pytest.approx(5 * 0.3048, rel=1e-4)


def test_degrees_are_measured_on_the_ellipsoid():
    step = 1e-4
    grid = RasterGrid(DEGREES, Affine(step, 0, 141.9, 0, -step, 42.7), (100, 200))
    lon, lat = 141.9 + 100 * step, 42.7 - 50 * step
    geod = Geod(ellps='WGS84')
    east = geod.inv(lon, lat, lon + step, lat)[2]
    south = geod.inv(lon, lat, lon, lat - step)[2]
    assert grid.pixel_size == pytest.approx((east, south), rel=1e-6)
    assert grid.gsd == pytest.approx(math.sqrt(east * south), rel=1e-6)


def test_web_mercator_is_not_believed():
    # 10 map units at 60 degrees north are 5 m on the ground.
    y = 8_399_737.89
    grid = RasterGrid(CRS.from_epsg(3857), Affine(10, 0, 1_000_000, 0, -10, y), (10, 10))
    assert not measures_are_planar(grid.crs, *grid.center)
    assert grid.gsd == pytest.approx(5.0, rel=0.01)


@given(angle=st.floats(0, 360), size=st.floats(0.1, 100))
def test_rotation_changes_no_length(angle, size):
    transform = Affine.translation(500_000, 4_700_000) @ Affine.rotation(angle)
    grid = utm_grid(transform @ Affine.scale(size, -2 * size))
    assert grid.pixel_size == pytest.approx((size, 2 * size), rel=1e-6)


def test_matching_grids_lay_the_same_pixels():
    grid = utm_grid()
    nudged = utm_grid(Affine(10, 0, 500_000 + 1e-4, 0, -10, 4_700_000))
    shifted = utm_grid(Affine(10, 0, 500_001, 0, -10, 4_700_000))
    stretched = utm_grid(Affine(10.01, 0, 500_000, 0, -10, 4_700_000))
    assert grid.matches(nudged)
    assert not grid.matches(shifted)
    assert not grid.matches(stretched)
    assert not grid.matches(utm_grid(shape=(6, 9)))
    assert not grid.matches(RasterGrid(CRS.from_epsg(32653), grid.transform, grid.shape))
    with pytest.raises(GridMismatchError, match=r'dem\.tif has grid .*gdalwarp'):
        grid.require_match(shifted, 'dem.tif')


def test_grid_of_a_dataset(tmp_path):
    grid = utm_grid()
    with rasterio.open(
        tmp_path / 'a.tif',
        'w',
        driver='GTiff',
        width=8,
        height=6,
        count=1,
        dtype='uint8',
        crs=grid.crs,
        transform=grid.transform,
    ) as target:
        target.write(np.zeros((1, 6, 8), np.uint8))
    with rasterio.open(tmp_path / 'a.tif') as dataset:
        assert RasterGrid.from_dataset(dataset) == grid


def test_an_equal_area_projection_that_stretches_lengths_is_not_planar():
    crs = CRS.from_epsg(6933)
    (x,), (y,) = transform_points(CRS.from_epsg(4326), crs, [20.0], [55.0])
    assert not measures_are_planar(crs, x, y)
    grid = RasterGrid(crs, Affine(10, 0, x, 0, -10, y), (4, 4))
    wide, high = grid.pixel_size
    geod = Geod(ellps='WGS84')
    lons, lats = transform_points(crs, CRS.from_epsg(4326), [x, x + 10, x], [y, y, y - 10])
    assert wide == pytest.approx(geod.inv(lons[0], lats[0], lons[1], lats[1])[2], rel=1e-4)
    assert high == pytest.approx(geod.inv(lons[0], lats[0], lons[2], lats[2])[2], rel=1e-4)
    assert grid.gsd == pytest.approx(10, rel=1e-3)


def test_pixels_beyond_the_domain_of_a_projection_have_no_size():
    crs = CRS.from_string('+proj=peirce_q +lon_0=25 +shape=square')
    assert not measures_are_planar(crs, 0.0, 0.0)
    sizes = RasterGrid(crs, Affine(10, 0, 0, 0, -10, 0), (200, 200)).pixel_size
    assert not np.isfinite(sizes).all()


def test_the_grid_of_a_window_lies_where_the_window_does():
    grid = utm_grid(shape=(100, 100)).window(Window(30, 20, 8, 5))
    assert grid.shape == (5, 8)
    assert grid.transform @ (0, 0) == (500_300, 4_699_800)
    assert grid.outline.equals(shapely.box(500_300, 4_699_750, 500_380, 4_699_800))


def test_pixels_inside_have_their_centre_in_a_polygon_of_a_turned_grid():
    turned = Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(10, -10)
    grid = utm_grid(turned)
    corners = [turned @ corner for corner in ((1.6, 2), (4, 2), (4, 3.4), (1.6, 3.4))]
    wanted = np.zeros((6, 8), bool)
    wanted[2, 2:4] = True
    np.testing.assert_array_equal(grid.inside([shapely.Polygon(corners)]), wanted)
    wanted[2:4, 1:4] = True
    touched = grid.inside([shapely.Polygon(corners).buffer(-0.1)], all_touched=True)
    np.testing.assert_array_equal(touched, wanted)
    assert not grid.inside([]).any()
