from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from scipy import ndimage

from dfpenet_mm.grid import RasterGrid
from postproc.inventory.simplify import simplify

SAMPLE = Path(__file__).parents[2] / 'data' / 'bhuyan_nepal_2015' / 'landslides.fgb'
TEN_METRES = Affine(10, 0, 500_000, 0, -10, 4_700_000)


def regions_of(mask, *, connectivity=8, transform=TEN_METRES, crs='EPSG:32654'):
    pixels = np.uint8(mask)
    traced = rasterio.features.shapes(
        pixels, mask=pixels > 0, connectivity=connectivity, transform=transform
    )
    parts = shapely.make_valid(
        np.array([shapely.geometry.shape(ring) for ring, _ in traced], dtype=object)
    )
    grid = RasterGrid(CRS.from_user_input(crs), transform, pixels.shape)
    return gpd.GeoDataFrame({'note': range(len(parts))}, geometry=parts, crs=crs), grid


@given(
    bits=st.lists(st.booleans(), min_size=80, max_size=80),
    connectivity=st.sampled_from([4, 8]),
    tolerance=st.floats(1, 200),
)
@settings(max_examples=25, deadline=None)
def test_nothing_overlaps_vanishes_or_turns_invalid(bits, connectivity, tolerance):
    regions, grid = regions_of(np.reshape(bits, (8, 10)), connectivity=connectivity)

    after, _ = simplify(regions, grid, tolerance)

    assert after['note'].tolist() == regions['note'].tolist()
    assert after.is_valid.all()
    assert (after.area > 0).all()
    # A region keeps its parts, and what two share has no area.
    counts = [shapely.get_num_geometries(table.geometry).tolist() for table in (regions, after)]
    assert counts[0] == counts[1]
    assert after.union_all().area == pytest.approx(after.area.sum())
    assert not ((after.area / regions.area - 1).abs() > 0.1).any()


def test_the_steps_of_the_pixels_go_and_the_area_stays():
    rng = np.random.default_rng(4)
    mask = ndimage.gaussian_filter(rng.random((80, 90)), 4) > 0.5
    regions, grid = regions_of(mask)

    after, report = simplify(regions, grid, 8.0)

    assert report.vertices_before == shapely.get_num_coordinates(regions.geometry).sum()
    assert report.vertices_after == shapely.get_num_coordinates(after.geometry).sum()
    assert report.vertices_after < 0.75 * report.vertices_before
    assert report.area_change == pytest.approx(after.area.sum() / regions.area.sum() - 1)
    assert abs(report.area_change) < 0.03
    assert report.largest_area_change == pytest.approx((after.area / regions.area - 1).abs().max())
    # Every vertex left was there before.
    old, new = (
        set(map(tuple, shapely.get_coordinates(table.geometry))) for table in (regions, after)
    )
    assert new <= old


def test_a_shared_border_stays_shared():
    left = shapely.Polygon([(0, 0), (50, 0), (52, 20), (48, 40), (51, 60), (50, 90), (0, 90)])
    right = shapely.box(0, 0, 100, 90).difference(left)
    pair = gpd.GeoDataFrame(geometry=[left, right], crs='EPSG:32654')
    grid = RasterGrid(CRS.from_epsg(32654), Affine(1, 0, 0, 0, -1, 90), (90, 100))

    after, report = simplify(pair, grid, 20.0)

    assert report.vertices_after < report.vertices_before
    assert shapely.coverage_is_valid(after.geometry.to_numpy())
    assert after.union_all().area == pytest.approx(9000)
    assert after.geometry[0].intersection(after.geometry[1]).length == pytest.approx(90, rel=0.01)


def test_a_tolerance_in_metres_means_the_same_in_degrees():
    rng = np.random.default_rng(7)
    mask = ndimage.gaussian_filter(rng.random((60, 60)), 3) > 0.5
    # At 60 degrees a degree of longitude is half as long: pixels of 10 m by 10 m.
    step = 10 / 111_412
    degrees = Affine(2 * step * 0.9985, 0, 10, 0, -step, 60)
    in_metres, metre_grid = regions_of(mask)
    in_degrees, degree_grid = regions_of(mask, transform=degrees, crs='EPSG:4326')

    metric, _ = simplify(in_metres, metre_grid, 12.0)
    geographic, _ = simplify(in_degrees, degree_grid, 12.0)

    counts = [shapely.get_num_coordinates(table.geometry).sum() for table in (metric, geographic)]
    assert counts[1] == pytest.approx(counts[0], rel=0.02)
    assert geographic.is_valid.all()


def test_real_outlines_keep_their_area():
    landslides = gpd.read_file(SAMPLE)
    left, _, _, top = landslides.total_bounds
    grid = RasterGrid(CRS.from_epsg(32645), Affine(5, 0, left, 0, -5, top), (1000, 1000))

    after, report = simplify(landslides, grid, 5.0)

    assert report.vertices_after < report.vertices_before / 3
    assert abs(report.area_change) < 0.005
    assert report.largest_area_change < 0.07
    assert after.is_valid.all()


def test_small_landslides_keep_their_outline():
    mask = np.zeros((20, 20))
    mask[1, 1] = mask[4, 4:6] = 1
    mask[8:19, 2:18] = np.triu(np.ones((11, 16)), k=2)
    regions, grid = regions_of(mask)

    after, report = simplify(regions, grid, 12.0)

    assert report.kept_outlines == 2
    assert after.geometry.geom_equals(regions.geometry).tolist() == [True, True, False]
    assert report.largest_area_change < 0.1


def test_neighbours_of_a_kept_outline_stay_beside_it():
    # The small one shares a border with the first, and takes it with it.
    mask = np.zeros((30, 30))
    mask[2:12, 2:12] = np.tri(10)
    mask[20:28, 3:28] = np.triu(np.ones((8, 25)))
    regions, grid = regions_of(mask)
    corner = shapely.box(500_020, 4_699_870, 500_030, 4_699_880)
    parts = [*regions.geometry, corner]
    regions = gpd.GeoDataFrame(geometry=parts, crs=regions.crs).segmentize(10).to_frame('geometry')

    after, report = simplify(regions, grid, 15.0)

    assert report.kept_outlines == 2
    assert after.geometry.geom_equals(regions.geometry).tolist() == [True, False, True]


def test_overlapping_regions_are_left_alone():
    pair = gpd.GeoDataFrame(
        geometry=[shapely.box(0, 0, 10, 10), shapely.box(5, 5, 15, 15)], crs='EPSG:32654'
    )
    grid = RasterGrid(CRS.from_epsg(32654), Affine(1, 0, 0, 0, -1, 20), (20, 20))

    after, report = simplify(pair, grid, 3.0)

    assert report is None
    assert after is pair


def test_no_region():
    regions, grid = regions_of(np.zeros((4, 4)))

    after, report = simplify(regions, grid, 3.0)

    assert len(after) == 0
    assert report.area_change == 0
