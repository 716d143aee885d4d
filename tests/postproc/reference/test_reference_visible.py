import numpy as np
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from postproc.reference.reference import visible

X, Y = 500_000, 4_700_000


def box(left, top, right, bottom):
    return shapely.box(X + 10 * left, Y - 10 * bottom, X + 10 * right, Y - 10 * top)


def test_specks_twins_and_strangers(write_raster):
    pixels = np.zeros((6, 6), np.uint8)
    pixels[:, 3:] = 255
    mask = write_raster('mask.tif', pixels, nodata=255)
    shapes = [
        box(1.4, 1.4, 1.5, 1.5),
        box(4.4, 1.4, 4.5, 1.5),
        box(0, 4, 2, 6),
        box(0, 4, 2, 6),
        box(20, 0, 21, 1),
        shapely.Polygon(),
    ]

    seen = visible(np.array(shapes, dtype=object), [mask])

    assert seen.tolist() == [True, False, True, True, False, False]


BOXES = st.lists(
    st.tuples(*[st.floats(-1, 7, allow_nan=False).map(lambda x: round(x, 1))] * 4), max_size=6
)


@given(known=npst.arrays(bool, (6, 6)), corners=BOXES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_box_is_visible_where_it_overlaps_a_known_pixel(write_raster, known, corners):
    mask = write_raster('mask.tif', np.where(known, 0, 255).astype(np.uint8))
    shapes = [
        box(min(a, c), min(b, d), max(a, c) + 0.05, max(b, d) + 0.05) for a, b, c, d in corners
    ]
    pixels = [box(col, row, col + 1, row + 1) for row, col in np.argwhere(known)]
    ground = shapely.union_all(pixels) if pixels else shapely.Polygon()

    seen = visible(np.array(shapes, dtype=object), [mask])

    for shape, is_seen in zip(shapes, seen, strict=True):
        # On a pixel's very edge the rasteriser decides; clearly inside and outside it must not.
        if shape.intersection(ground).area > 1e-3:
            assert is_seen
        elif shape.distance(ground) > 1e-3:
            assert not is_seen


def test_all_masks_must_know(write_raster):
    one = write_raster('one.tif', np.array([[0, 255]], np.uint8))
    other = write_raster('other.tif', np.array([[255, 0]], np.uint8))
    shapes = np.array([box(0.2, 0.2, 1.8, 0.8)], dtype=object)

    assert visible(shapes, [one]).all()
    assert not visible(shapes, [one, other]).any()


def test_south_up_and_rotated_grids(write_raster):
    for transform in (Affine(10, 0, X, 0, 10, Y), Affine(0, 10, X, 10, 0, Y)):
        pixels = np.full((2, 2), 255, np.uint8)
        pixels[0, 1] = 0
        mask = write_raster('mask.tif', pixels, transform=transform)
        inside, beside = (
            shapely.Point(transform @ place).buffer(1) for place in ((1.5, 0.5), (0.5, 1.5))
        )
        assert visible(np.array([inside, beside, beside]), [mask]).tolist() == [True, False, False]


def test_many_windows(write_raster):
    pixels = np.zeros((1100, 2100), np.uint8)
    pixels[1030:, 1050:] = 255
    pixels[50, 2000] = 255
    mask = write_raster('mask.tif', pixels, nodata=255)
    corners = [(1500, 3), (3, 1060), (1060, 1040), (1040, 1020), (1030, 1000), (2090, 1090)]
    corners.append((2000.2, 50.2))
    # The fifth has its middle on nodata, its corner on data.
    sides = [9, 9, 9, 9, 100, 60, 0.5]
    shapes = [box(x, y, x + side, y + side) for (x, y), side in zip(corners, sides, strict=True)]

    seen = visible(np.array(shapes, dtype=object), [mask])

    assert seen.tolist() == [True, True, False, True, True, False, False]
