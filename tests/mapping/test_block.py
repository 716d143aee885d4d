import numpy as np
import pytest

from dfpenet_mm.errors import PredictionError
from dfpenet_mm.mapping.block import BlockPredictor
from dfpenet_mm.mapping.scaling import FittedScaling
from dfpenet_mm.mapping.scene import Scene
from dfpenet_mm.mapping.windows import WindowPlan

IDENTITY = FittedScaling((1.0,) * 3, (0.0,) * 3)


@pytest.fixture
def scene(noise, write_raster, tmp_path):
    bands = noise(8, 20)
    bands[:, :, :9] = 0
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0)) as scene:
        yield scene


def run(scene, predictor, batch_size=2, on_windows=None):
    plan = WindowPlan(scene.shape, 8, 6, batch_size)
    predict = BlockPredictor(scene=scene, scaling=IDENTITY, predictor=predictor, plan=plan)
    return predict(plan.block(0), on_windows)


def test_windows_without_data_are_never_run_and_batches_stay_in_the_plan(scene):
    batches = []

    def first_band(chips):
        batches.append(chips.shape)
        return chips[:, 0] / 255

    settled = []
    result = run(scene, first_band, on_windows=settled.append)
    # Windows start at 0, 6 and 12; the first holds nodata only.
    assert batches == [(1, 3, 8, 8), (1, 3, 8, 8)]
    assert result.windows_run == 2
    assert settled == [2, 1]
    assert result.strip.valid.sum() == 8 * 11
    assert not result.strip.valid[:, :9].any()


def test_a_block_does_not_depend_on_the_batch_size(scene):
    strips = [
        run(scene, lambda chips: chips[:, 1] / 255, size).strip.probability for size in (1, 2, 3)
    ]
    np.testing.assert_array_equal(strips[0], strips[1])
    np.testing.assert_array_equal(strips[0], strips[2])


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 1.5, -0.5])
def test_a_value_that_is_no_probability_is_refused(value, scene):
    def broken(chips):
        probability = chips[:, 0] / 255
        probability[-1, 3, 3] = value
        return probability

    with pytest.raises(PredictionError, match=r'col_off=6.*check the scaling'):
        run(scene, broken)


def test_a_prediction_of_another_size_is_refused(scene):
    with pytest.raises(PredictionError, match=r'\(1, 4, 4\).*\(1, 8, 8\)'):
        run(scene, lambda chips: chips[:, 0, ::2, ::2] / 255)
