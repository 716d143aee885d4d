import base64

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from dfpenet_mm.report.page import packing as module
from dfpenet_mm.report.page.map_frame import MapFrame
from dfpenet_mm.report.page.packing import pack_outlines, picture_outlines
from tests.report.page.generated_run import grid_of

DTYPES = {'Uint16Array': '<u2', 'Uint32Array': '<u4'}


def unpack(packed):
    return np.frombuffer(base64.b64decode(packed['base64']), DTYPES[packed['array']])


def rings_of(packed):
    """Points of every ring of every landslide."""
    points = unpack(packed['points']).reshape(-1, 2) * packed['quantum'] + packed['origin']
    ends = np.cumsum(unpack(packed['ring_points']))
    rings = np.split(points, ends[:-1])
    counts = np.cumsum(unpack(packed['rings']))
    starts = [0, *counts[:-1]]
    return [rings[start:end] for start, end in zip(starts, counts, strict=True)]


def test_holes_and_parts_are_rings_of_their_own():
    holed = Polygon(box(0, 0, 10, 10).exterior, [box(2, 2, 4, 4).exterior])
    shapes = np.array([MultiPolygon([holed, box(20, 0, 25, 5)]), box(30, 40, 31, 41)])
    first, second = rings_of(pack_outlines(shapes))
    assert [len(first), len(second)] == [3, 1]
    assert np.allclose(first[1].min(axis=0), 2, atol=1e-3)
    assert np.allclose(second[0].max(axis=0), (31, 41), atol=1e-3)
    # Every ring ends where it begins.
    assert all((ring[0] == ring[-1]).all() for ring in (*first, *second))


@given(
    st.lists(
        st.tuples(st.floats(-50, 2000), st.floats(-50, 2000), st.floats(0.1, 300)),
        min_size=1,
        max_size=8,
    )
)
def test_points_are_right_to_a_part_of_their_extent(squares):
    shapes = np.array([box(x, y, x + side, y + side) for x, y, side in squares])
    packed = pack_outlines(shapes)
    left, top, right, bottom = shapely.total_bounds(shapes)
    extent = max(right - left, bottom - top, 1)
    for shape, (ring,) in zip(shapes, rings_of(packed), strict=True):
        error = np.abs(ring - shapely.get_coordinates(shape)).max()
        assert error <= 0.51 * extent / 65535 + 1e-9


def test_no_landslide_is_no_error():
    packed = pack_outlines(np.array([], dtype=object))
    assert unpack(packed['points']).size == unpack(packed['rings']).size == 0


def test_few_outlines_keep_their_corners_many_lose_them(monkeypatch):
    # A staircase of pixels, on the scene's grid.
    stairs = [(0, 0), (0, 4), (1, 4), (1, 3), (2, 3), (2, 2), (3, 2), (3, 1), (4, 1), (4, 0)]
    grid = grid_of()
    shape = Polygon([grid.transform @ point for point in stairs])
    # A point on a straight side says nothing.
    shape = shapely.segmentize(shape, 3)
    series = gpd.GeoSeries([shape], crs='EPSG:32654')
    (kept,) = picture_outlines(series, MapFrame(grid))
    assert shapely.get_num_coordinates(kept) == len(stairs) + 1
    assert kept.area == pytest.approx(Polygon(stairs).area)
    monkeypatch.setattr(module, 'MAX_POINTS', 6)
    (rough,) = picture_outlines(series, MapFrame(grid))
    assert shapely.get_num_coordinates(rough) < len(stairs)
    assert rough.area == pytest.approx(Polygon(stairs).area, rel=0.5)
