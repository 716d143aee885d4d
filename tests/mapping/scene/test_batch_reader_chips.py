import numpy as np

from dfpenet_mm.mapping.scene.batch_reader import make_chip
from dfpenet_mm.mapping.scene.scaling import FittedScaling

TWICE = FittedScaling(gain=(2.0, 2.0), offset=(0.0, 1.0))


def test_nodata_becomes_the_mean_of_the_valid_pixels_in_training_units():
    bands = np.array([[[1, 3], [99, 2]], [[10, 20], [99, 30]]], np.float32)
    valid = np.array([[True, True], [False, True]])
    chip = make_chip(bands, valid, TWICE, window=2)
    assert chip.dtype == np.float32
    np.testing.assert_array_equal(chip, [[[2, 6], [4, 4]], [[21, 41], [41, 61]]])


def test_a_chip_is_mirrored_beyond_the_end_of_the_scene():
    bands = np.array([[[1, 2, 3]], [[4, 5, 6]]], np.float32)
    chip = make_chip(bands, np.ones((1, 3), bool), FittedScaling((1, 1), (0, 0)), window=4)
    np.testing.assert_array_equal(chip, [[[1, 2, 3, 3]] * 4, [[4, 5, 6, 6]] * 4])


def test_a_scene_much_smaller_than_the_window_is_mirrored_again_and_again():
    bands = np.ones((2, 1, 2), np.float32)
    bands[:, 0, 1] = 2
    chip = make_chip(bands, np.ones((1, 2), bool), FittedScaling((1, 1), (0, 0)), window=6)
    np.testing.assert_array_equal(chip[0, 5], [1, 2, 2, 1, 1, 2])
