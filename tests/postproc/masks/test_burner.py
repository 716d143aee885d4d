import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.crs import CRS
from rasterio.features import shapes
from rasterio.windows import Window
from scipy import ndimage

import postproc.masks.burner
from dfpenet_mm.grid import RasterGrid
from postproc.masks.burner import PolygonBurner, zone_sums
from postproc.masks.product_rasters import scene_windows

TRANSFORMS = [
    Affine(10, 0, 500_000, 0, -10, 4_700_000),
    Affine(10, 0, 500_000, 0, 10, 4_700_000),
    Affine.translation(500_000, 4_700_000) @ Affine.rotation(40) @ Affine.scale(3, -7),
]


def pixel_boxes(transform, boxes):
    corners = (
        [(left, top), (right, top), (right, bottom), (left, bottom)]
        for left, top, right, bottom in boxes
    )
    return np.array([shapely.Polygon([transform @ xy for xy in ring]) for ring in corners])


@pytest.mark.parametrize('transform', TRANSFORMS)
def test_labels_name_the_polygons_of_the_window(transform):
    polygons = pixel_boxes(transform, [(0, 0, 2, 1), (9, 9, 12, 12), (3, 2, 4, 5)])

    labels, rows = PolygonBurner(polygons, transform).labels(Window(1, 0, 3, 4))

    numbers = np.array([-1, *rows])[labels]
    np.testing.assert_array_equal(numbers, [[0, -1, -1], [-1, -1, -1], [-1, -1, 2], [-1, -1, 2]])


def test_later_row_wins_where_polygons_overlap():
    boxes = [(n % 10, n // 10, 11, 11) for n in range(100)]

    labels, rows = PolygonBurner(pixel_boxes(TRANSFORMS[0], boxes), TRANSFORMS[0]).labels(
        Window(0, 0, 11, 11)
    )

    np.testing.assert_array_equal(rows, np.arange(100))
    np.testing.assert_array_equal(labels[:10, :10], np.arange(1, 101).reshape(10, 10))


def test_all_touched_shows_polygons_smaller_than_a_pixel():
    speck = pixel_boxes(TRANSFORMS[0], [(2.1, 1.1, 2.2, 1.2)])
    window = Window(0, 0, 4, 3)

    assert not PolygonBurner(speck, TRANSFORMS[0]).inside(window).any()
    touched = PolygonBurner(speck, TRANSFORMS[0], all_touched=True).inside(window)
    assert np.argwhere(touched).tolist() == [[1, 2]]


def test_pixels_come_with_each_polygon_that_holds_them():
    boxes = pixel_boxes(TRANSFORMS[0], [(0, 0, 2, 2), (1, 1, 3, 2), (20, 20, 21, 21)])

    flat, rows = PolygonBurner(boxes, TRANSFORMS[0]).pixels(Window(1, 0, 3, 4))

    # A window three pixels wide that begins in column 1.
    assert list(zip(rows, flat, strict=True)) == [(0, 0), (0, 3), (1, 3), (1, 4)]


def test_windows_may_come_in_any_order():
    boxes = pixel_boxes(TRANSFORMS[2], [(0, 0, 5, 5), (3, 6, 9, 7), (8, 2, 9, 9)])
    burner = PolygonBurner(boxes, TRANSFORMS[2])
    whole = burner.inside(Window(0, 0, 10, 10))

    for window in [Window(4, 4, 5, 2), Window(3, 4, 3, 6), Window(0, 0, 7, 3), Window(4, 4, 2, 6)]:
        np.testing.assert_array_equal(burner.inside(window), whole[window.toslices()])
    assert whole.sum() == 25 + 6 + 7 - 1


def test_no_polygons_burn_nothing():
    labels, rows = PolygonBurner(np.empty(0, dtype=object), TRANSFORMS[0]).labels(
        Window(0, 0, 4, 3)
    )

    assert (labels.any(), rows.size) == (False, 0)


def test_sums_count_a_pixel_for_each_polygon_that_holds_it():
    boxes = pixel_boxes(TRANSFORMS[0], [(0, 0, 2, 2), (1, 0, 3, 1)])
    grid = RasterGrid(CRS.from_epsg(32654), TRANSFORMS[0], (3, 3))

    sums = zone_sums(boxes, grid, lambda _: [np.arange(9).reshape(3, 3)], 1)

    np.testing.assert_array_equal(sums, [[0 + 1 + 3 + 4], [1 + 2]])


@given(
    pixels=npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    size=st.integers(1, 12),
    transform=st.sampled_from(TRANSFORMS),
)
@settings(max_examples=40, deadline=None)
def test_sums_equal_scipy_whatever_the_windows(pixels, size, transform):
    labels, _ = ndimage.label(pixels)
    traced = list(shapes(np.int32(labels), mask=pixels, transform=transform))
    polygons = np.array([shapely.geometry.shape(ring) for ring, _ in traced], dtype=object)
    values = np.arange(pixels.size, dtype=float).reshape(pixels.shape)
    grid = RasterGrid(CRS.from_epsg(32654), transform, pixels.shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            postproc.masks.burner, 'scene_windows', lambda shape: scene_windows(shape, size)
        )
        sums = zone_sums(
            polygons, grid, lambda w: [values[w.toslices()], pixels[w.toslices()]], n_layers=2
        )

    numbers = np.array([number for _, number in traced])
    np.testing.assert_allclose(sums[:, 0], ndimage.sum(values, labels, numbers))
    np.testing.assert_array_equal(sums[:, 1], [np.sum(labels == n) for n in numbers])


def test_windows_without_polygons_are_not_read():
    grid = RasterGrid(CRS.from_epsg(32654), TRANSFORMS[0], (3000, 3000))
    read = []

    zone_sums(
        pixel_boxes(TRANSFORMS[0], [(2000, 10, 2100, 20)]),
        grid,
        lambda w: read.append(w) or [np.ones((w.height, w.width))],
        1,
    )

    assert [(w.col_off, w.row_off) for w in read] == [(1024, 0), (2048, 0)]
