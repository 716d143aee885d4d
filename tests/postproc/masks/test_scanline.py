import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import rasterize

from postproc.masks.scanline import polygon_runs

SHAPE = (9, 11)
TRANSFORMS = [
    Affine.identity(),
    Affine(2, 0, 512, 0, -4, 1024),
    Affine(0.5, 0, -8, 0, 2, 4),
]
ROTATED = Affine.translation(500_000, 4_700_000) @ Affine.rotation(40) @ Affine.scale(3, -7)


def in_map(pixel_polygons, transform):
    def mapped(points):
        return np.column_stack(transform @ (points[:, 0], points[:, 1]))

    return shapely.transform(np.array(pixel_polygons, dtype=object), mapped)


def painted(polygons, transform, **options):
    """Burn polygons by hand; the later wins."""
    labels = np.zeros(SHAPE, dtype=int)
    runs, owner = polygon_runs(polygons, transform, (0, SHAPE[0]), **options)
    for row, start, stop, number in zip(runs.row, runs.start, runs.stop, owner, strict=True):
        labels[row, max(start, 0) : max(stop, 0)] = number + 1
    return labels


def by_gdal(polygons, transform):
    numbered = zip(polygons, range(1, len(polygons) + 1), strict=True)
    return rasterize(numbered, SHAPE, transform=transform, dtype='int32')


@st.composite
def star(draw):
    """Draw a simple polygon in pixels, anywhere about the grid."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    corners = draw(st.integers(4, 9))
    angles = (np.arange(corners) + random.uniform(0, 0.8, corners)) * 2 * np.pi / corners
    radii = random.uniform(0.2, 7, len(angles))
    centre = random.uniform(-2, 12, 2)
    points = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    return shapely.Polygon(centre + points)


@st.composite
def boxes_at_half_pixels(draw):
    """Draw rectangles, some of them rings, whose sides run through centres of pixels."""
    half = st.integers(-4, 26).map(lambda n: n / 2)
    polygons = []
    for _ in range(draw(st.integers(1, 4))):
        (left, right), (top, bottom) = (
            sorted(draw(st.lists(half, min_size=2, max_size=2, unique=True))) for _ in 'xy'
        )
        outer = shapely.box(left, top, right, bottom, ccw=draw(st.booleans()))
        inner = shapely.box(left + 0.5, top + 0.5, right - 0.5, bottom - 0.5)
        holed = draw(st.booleans()) and right - left > 1 and bottom - top > 1
        polygons.append(outer.difference(inner) if holed else outer)
    return polygons


@given(st.lists(star(), min_size=1, max_size=5), st.sampled_from([*TRANSFORMS, ROTATED]))
@settings(max_examples=150, deadline=None)
def test_pixels_are_those_that_gdal_burns(polygons, transform):
    polygons = in_map(polygons, transform)

    np.testing.assert_array_equal(painted(polygons, transform), by_gdal(polygons, transform))


@given(boxes_at_half_pixels(), st.sampled_from(TRANSFORMS))
@settings(max_examples=150, deadline=None)
def test_centres_on_outlines_go_where_gdal_puts_them(polygons, transform):
    polygons = in_map(polygons, transform)

    np.testing.assert_array_equal(painted(polygons, transform), by_gdal(polygons, transform))


@given(star(), st.sampled_from([*TRANSFORMS, ROTATED]))
@settings(max_examples=60, deadline=None)
def test_touched_pixels_share_area(polygon, transform):
    rows, cols = np.indices(SHAPE)
    pixels = shapely.box(cols, rows, cols + 1, rows + 1)
    shared = shapely.area(shapely.intersection(pixels, polygon))

    found = painted(in_map([polygon], transform), transform, all_touched=True) > 0

    assert not found[shared == 0].any()
    assert found[shared > 1e-9].all()


@pytest.mark.parametrize('transform', [*TRANSFORMS, ROTATED])
def test_a_side_along_pixels_touches_none_beyond(transform):
    box = in_map([shapely.box(2, 3, 5, 4)], transform)

    found = painted(box, transform, all_touched=True)

    assert np.argwhere(found).tolist() == [[3, 2], [3, 3], [3, 4]]


def test_parts_of_a_multipolygon_do_not_cancel_out():
    parts = [shapely.box(0, 0, 4, 2), shapely.box(2, 0, 6, 2)]

    runs, owner = polygon_runs(np.array([shapely.MultiPolygon(parts)]), Affine.identity(), (0, 1))

    assert (runs.start.tolist(), runs.stop.tolist(), owner.tolist()) == ([0], [6], [0])


def test_each_of_overlapping_polygons_has_its_pixels():
    boxes = np.array([shapely.box(0, 0, 3, 1), None, shapely.Polygon(), shapely.box(1, 0, 2, 1)])

    runs, owner = polygon_runs(boxes, Affine.identity(), (0, 5))

    assert owner.tolist() == [0, 3]
    assert list(zip(runs.row, runs.start, runs.stop, strict=True)) == [(0, 0, 3), (0, 1, 2)]


def test_far_columns_are_cut_and_no_polygon_gives_no_run():
    far = np.array([shapely.box(-1e12, 0, 1e12, 1)])

    runs, _ = polygon_runs(far, Affine.identity(), (0, 1))
    none, _ = polygon_runs(np.empty(0, dtype=object), Affine.identity(), (0, 1))

    assert runs.start[0] < -(10**7)
    assert runs.stop[0] > 10**7
    assert len(none) == 0
