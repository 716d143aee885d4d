import numpy as np
import pytest

from dfpenet_mm.mapping.scene.batch_reader import make_chip, sample_chips
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

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


SAME = FittedScaling((1.0,) * 3, (0.0,) * 3)


@pytest.fixture
def scene(tmp_path, write_raster, noise):
    with Scene(write_raster(tmp_path / 'scene.tif', noise(40, 60))) as opened:
        yield opened


def test_chips_are_windows_of_the_scene(scene, noise):
    chips = sample_chips(scene, SAME, window=20, count=4)
    assert (chips.shape, chips.dtype) == ((4, 3, 20, 20), np.float32)
    bands = noise(40, 60)
    cut = [bands[:, r : r + 20, c : c + 20] for r in (0, 20) for c in (0, 20, 40)]
    places = [[np.array_equal(chip, part) for part in cut].index(True) for chip in chips]
    assert len(set(places)) == 4
    np.testing.assert_array_equal(chips, sample_chips(scene, SAME, window=20, count=4))


def test_a_small_scene_gives_what_it_has(scene):
    assert sample_chips(scene, SAME, window=20, count=100).shape == (6, 3, 20, 20)
    assert sample_chips(scene, SAME, window=64, count=2).shape == (1, 3, 64, 64)


def test_windows_with_much_nodata_come_last(tmp_path, write_raster, noise):
    bands = noise(20, 80)
    # One empty window, one almost empty, two full.
    bands[:, :, :38] = 0
    path = write_raster(tmp_path / 'collar.tif', bands, nodata=0)
    with Scene(path) as scene:
        chips = sample_chips(scene, SAME, window=20, count=2)
        assert {chip.tobytes() for chip in chips} == {
            bands[:, :, c : c + 20].astype(np.float32).tobytes() for c in (40, 60)
        }
        assert len(sample_chips(scene, SAME, window=20, count=9)) == 3
