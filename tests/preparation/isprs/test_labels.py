import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.preparation.isprs.labels import decode_colours, erode_boundaries, palette_share

ALL = np.array(
    [
        [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0)],
        [(255, 255, 0), (255, 0, 0), (0, 0, 0), (255, 255, 255)],
    ],
    np.uint8,
)


def test_classes_come_in_the_official_order():
    np.testing.assert_array_equal(
        decode_colours(ALL, name='gt.tif'), [[0, 1, 2, 3], [4, 5, 255, 0]]
    )


def test_tall_arrays_are_decoded_in_parts():
    tall = np.repeat(ALL, 700, axis=0)
    expected = np.repeat([[0, 1, 2, 3], [4, 5, 255, 0]], 700, axis=0)
    np.testing.assert_array_equal(decode_colours(tall, name='gt.tif'), expected)


def test_other_colours_are_named_and_counted():
    colours = ALL.copy()
    colours[0, :2] = (252, 255, 0)
    colours[1, 0] = (255, 0, 255)
    message = r'gt\.tif holds.*\(252, 255, 0\) in 2 pixels, \(255, 0, 255\) in 1 pixels;'
    with pytest.raises(RasterFormatError, match=message):
        decode_colours(colours, name='gt.tif')


def test_a_hundred_wrong_colours_make_a_short_message():
    colours = np.arange(10, 310, dtype=np.uint16).astype(np.uint8).reshape(10, 10, 3)
    with pytest.raises(RasterFormatError, match='and 97 more'):
        decode_colours(colours, name='gt.tif')


def test_lossy_colours_round_where_that_is_asked_for():
    """Colours as in Potsdam's tiles 4_12 and 6_7."""
    colours = np.array([[(252, 255, 0), (9, 222, 221), (225, 227, 227), (3, 0, 5)]], np.uint8)
    labels = decode_colours(colours, name='gt.tif', rounded=True)
    np.testing.assert_array_equal(labels, [[4, 2, 0, 255]])


def test_no_class_is_made_up_by_rounding():
    colours = np.full((1, 1, 3), (250, 4, 250), np.uint8)
    with pytest.raises(RasterFormatError, match=r'\(250, 4, 250\) in 1 pixels'):
        decode_colours(colours, name='gt.tif', rounded=True)


def test_images_are_not_taken_for_ground_truth():
    image = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    assert palette_share(image) < 0.1
    assert palette_share(np.zeros((4, 4, 3), np.uint8)) == 0
    assert palette_share(ALL) == 7 / 8


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
