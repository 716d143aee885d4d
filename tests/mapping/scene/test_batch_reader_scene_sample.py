import numpy as np
import pytest

from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

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
