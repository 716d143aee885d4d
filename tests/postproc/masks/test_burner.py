import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from postproc.masks.burner import PolygonBurner, pixel_bounds, write_final_mask

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
def test_pixels_name_the_polygons_of_the_window(transform):
    polygons = pixel_boxes(transform, [(0, 0, 2, 1), (9, 9, 12, 12), (3, 2, 4, 5)])

    flat, rows = PolygonBurner(polygons, transform).pixels(Window(1, 0, 3, 4))

    numbers = np.full(12, -1)
    numbers[flat] = rows
    np.testing.assert_array_equal(
        numbers.reshape(4, 3), [[0, -1, -1], [-1, -1, -1], [-1, -1, 2], [-1, -1, 2]]
    )


def test_overlapping_polygons_come_in_the_order_of_their_rows():
    boxes = [(n % 10, n // 10, 11, 11) for n in range(100)]

    flat, rows = PolygonBurner(pixel_boxes(TRANSFORMS[0], boxes), TRANSFORMS[0]).pixels(
        Window(0, 0, 11, 11)
    )

    np.testing.assert_array_equal(np.unique(rows), np.arange(100))
    labels = np.zeros(121, dtype=int)
    labels[flat] = rows + 1
    np.testing.assert_array_equal(
        labels.reshape(11, 11)[:10, :10], np.arange(1, 101).reshape(10, 10)
    )


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
    flat, rows = PolygonBurner(np.empty(0, dtype=object), TRANSFORMS[0]).pixels(Window(0, 0, 4, 3))

    assert (flat.size, rows.size) == (0, 0)


VERTICES = np.array([[2.0, 3.0], [7.0, 4.0], [5.0, 9.0], [2.0, 3.0]])


@pytest.mark.parametrize(
    'transform',
    [
        Affine(10, 0, 500_000, 0, -10, 4_700_000),
        Affine(-3, 0, 500_000, 0, 7, 4_700_000),
        Affine(0, 5, 500_000, 5, 0, 4_700_000),
        Affine.translation(500_000, 4_700_000) @ Affine.rotation(31) @ Affine.scale(10, -7),
        # Pixels of a metre in degrees, turned: every term is tiny.
        Affine(8e-6, 4e-6, 141.0, 4e-6, -8e-6, 42.0),
    ],
)
def test_bounds_are_those_of_the_vertices_in_pixels(transform):
    on_the_map = [transform @ (col, row) for col, row in VERTICES]
    geometries = np.array([shapely.Polygon(on_the_map), shapely.Polygon()])

    found = pixel_bounds(geometries, transform)

    np.testing.assert_allclose(found[0], [2, 3, 7, 9], atol=1e-6)
    assert np.isnan(found[1]).all()


def test_of_nothing_there_are_none():
    assert pixel_bounds(np.array([], dtype=object), Affine.scale(2, -2)).shape == (0, 4)


MASK = np.array([[1, 1, 0, 255], [0, 0, 0, 255], [0, 1, 0, 1], [1, 0, 0, 0]])


def test_mask_says_what_the_inventory_says(make_product, read_band, tmp_path):
    product = make_product(MASK)
    lost = product.landslides.area.to_numpy() < 200
    product = product.reject(lost, 'GeologicFilter', ['too small'])

    path = write_final_mask(product, product.out_dir / 'mask.tif')

    wanted = MASK.copy()
    wanted[2, 3] = 0
    np.testing.assert_array_equal(read_band(path), wanted)
    np.testing.assert_array_equal(read_band(tmp_path / 'mask.tif'), MASK)
    assert list(product.out_dir.iterdir()) == [path]


def test_mask_may_be_replaced_where_it_stands(make_product, read_band):
    product = make_product(MASK)
    product = product.replace(landslides=product.landslides.iloc[:0])

    path = write_final_mask(product, product.rasters['mask'])

    np.testing.assert_array_equal(read_band(path), np.where(MASK == 255, 255, 0))


def test_wants_a_mask(make_product):
    product = make_product(MASK)

    with pytest.raises(InputFileError, match="no 'mask'"):
        write_final_mask(product.replace(rasters={}), product.out_dir / 'mask.tif')
