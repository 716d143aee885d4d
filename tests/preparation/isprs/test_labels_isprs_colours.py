import numpy as np
import pytest

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.preparation.isprs.labels import decode_colours, palette_share

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
