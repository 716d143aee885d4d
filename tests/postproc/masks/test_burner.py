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
from postproc.masks.rasters import scene_windows

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
