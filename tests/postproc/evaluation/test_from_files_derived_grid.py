import geopandas as gpd
import pytest
import shapely
from rasterio.crs import CRS

from dfpenet_mm.errors import ConfigError, GridMismatchError
from postproc.evaluation.from_files import derive_grid

X, Y = 500_000, 4_700_000


def square(x, y, side):
    return gpd.GeoDataFrame(
        geometry=[shapely.box(X + x, Y + y, X + x + side, Y + y + side)], crs='EPSG:32654'
    )


def covers(grid, table):
    rows, cols = grid.shape
    low, high = grid.transform @ (0, rows), grid.transform @ (cols, 0)
    return shapely.box(*low, *high).contains(table.to_crs(grid.crs).union_all())


def test_grid_lies_around_everything_on_whole_pixels():
    one, other = square(3, 4, 100), square(50, 50, 900)

    grid = derive_grid([one, other], pixel_size_m=5)

    assert grid.pixel_size == pytest.approx((5, 5))
    assert (grid.transform.c % 5, grid.transform.f % 5) == (0, 0)
    assert covers(grid, one)
    assert covers(grid, other)
    assert grid.shape[0] < 1000 / 5


def test_default_pixels_suit_the_median_landslide():
    # 100 m to a side: a hundred pixels are 10 m wide each, and 120 m want 20 m.
    assert derive_grid([square(0, 0, 100)]).gsd == pytest.approx(10)
    assert derive_grid([square(0, 0, 120)]).gsd == pytest.approx(20)


def test_degrees_are_counted_in_metres():
    one = square(0, 0, 100).to_crs('EPSG:4326')

    grid = derive_grid([one], pixel_size_m=10)

    assert grid.crs == CRS.from_epsg(32654)
    assert covers(grid, one)
    assert derive_grid([one, square(10, 0, 50).to_crs(3857)], pixel_size_m=10).crs == grid.crs


def test_nothing_predicted_leaves_the_reference():
    empty = square(0, 0, 1)[:0]

    assert derive_grid([empty, square(0, 0, 100)], pixel_size_m=10).shape == (12, 12)


def test_what_lies_apart_needs_an_area():
    here, there = square(0, 0, 100), square(5000, 0, 100)

    with pytest.raises(GridMismatchError, match='lie apart'):
        derive_grid([here, there], pixel_size_m=10)
    grid = derive_grid([here, there], square(0, 0, 6000), pixel_size_m=10)
    assert covers(grid, there)


@pytest.mark.parametrize('pixel_size', [0, -1, float('nan'), 1e-7])
def test_refuses_impossible_pixels(pixel_size):
    with pytest.raises(ConfigError, match='pixel') as caught:
        derive_grid([square(0, 0, 10_000)], pixel_size_m=pixel_size)
    assert '\n' not in str(caught.value)
