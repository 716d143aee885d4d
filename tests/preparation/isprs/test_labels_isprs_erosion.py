import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dfpenet_mm.preparation.isprs.labels import erode_boundaries


def eroded_by_definition(labels, radius):
    """Compare every pixel with every other, as the definition reads."""
    result = labels.copy()
    rows, cols = labels.shape
    for row in range(rows):
        for col in range(cols):
            for other_row in range(rows):
                for other_col in range(cols):
                    distance = np.hypot(row - other_row, col - other_col)
                    if labels[row, col] != labels[other_row, other_col] and distance <= radius:
                        result[row, col] = 255
    return result


@given(
    labels=arrays(
        np.uint8,
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
        elements=st.sampled_from([0, 0, 0, 1, 5, 255]),
    ),
    radius=st.integers(1, 4),
)
def test_matches_the_definition(labels, radius):
    np.testing.assert_array_equal(
        erode_boundaries(labels, radius=radius), eroded_by_definition(labels, radius)
    )


def test_six_pixels_go_across_a_straight_boundary():
    labels = np.zeros((3, 12), np.uint8)
    labels[:, 6:] = 4
    row = [0, 0, 0, 255, 255, 255, 255, 255, 255, 4, 4, 4]
    np.testing.assert_array_equal(erode_boundaries(labels), [row] * 3)


def test_a_lone_pixel_takes_a_disc_with_it():
    labels = np.zeros((9, 9), np.uint8)
    labels[4, 4] = 1
    rows, cols = np.mgrid[-4:5, -4:5]
    np.testing.assert_array_equal(erode_boundaries(labels) == 255, rows**2 + cols**2 <= 9)


@pytest.mark.parametrize('value', [0, 3, 255])
def test_the_edge_of_a_tile_is_no_boundary(value):
    labels = np.full((5, 7), value, np.uint8)
    np.testing.assert_array_equal(erode_boundaries(labels), labels)


def test_the_labels_given_stay():
    labels = np.eye(8, dtype=np.uint8)
    erode_boundaries(labels)
    np.testing.assert_array_equal(labels, np.eye(8))
