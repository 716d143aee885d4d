import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.windows import Window

from postproc.evaluation.pixel_comparison import near, near_polygons
from postproc.masks.burner import PolygonBurner

MASK = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 1],
    ],
    dtype=bool,
)
NEAR_1 = [
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 1, 1, 0, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 0, 1, 1, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 1, 1],
]
NEAR_1_5 = [
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 1, 1, 1, 1, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 0, 0, 1, 1],
]


@pytest.mark.parametrize(('distance', 'wanted'), [(0, MASK), (1, NEAR_1), (1.5, NEAR_1_5)])
def test_near_by_hand(distance, wanted):
    np.testing.assert_array_equal(near(MASK, distance), wanted)


def test_nothing_is_near_nothing():
    assert not near(np.zeros((3, 3), bool), 50).any()


@given(mask=npst.arrays(bool, (8, 8)), distance=st.sampled_from([0, 1, 1.5, 2, 2.9, 3, 5]))
@settings(max_examples=40)
def test_near_measures_from_centre_to_centre(mask, distance):
    wanted = [
        [
            any(np.hypot(row - r, col - c) <= distance + 1e-9 for r, c in np.argwhere(mask))
            for col in range(8)
        ]
        for row in range(8)
    ]

    np.testing.assert_array_equal(near(mask, distance), np.array(wanted, dtype=bool))


@pytest.mark.parametrize('size', [1, 3, 8])
def test_polygons_beyond_the_window_are_near_too(size):
    boxes = [shapely.box(col, -row - 1, col + 1, -row) for row, col in np.argwhere(MASK)]
    burner = PolygonBurner(np.array(boxes, dtype=object), Affine(1, 0, 0, 0, -1, 0))

    found = np.zeros((8, 8), bool)
    for row in range(0, 8, size):
        for col in range(0, 8, size):
            height, width = min(size, 8 - row), min(size, 8 - col)
            window = Window(col, row, width, height)
            found[row : row + height, col : col + width] = near_polygons(burner, window, 1.5)

    np.testing.assert_array_equal(found, np.array(NEAR_1_5, dtype=bool))
