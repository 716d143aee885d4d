import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.errors import PredictionError
from dfpenet_mm.mapping.blocks.block import from_levels, to_levels
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import BlockPipeline
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import SceneSource

IDENTITY = FittedScaling((1.0,) * 3, (0.0,) * 3)


@pytest.fixture
def source(noise, write_raster, tmp_path):
    bands = noise(8, 20)
    bands[:, :, :9] = 0
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=0)
    return SceneSource(path, (1, 2, 3))


def run(source, predictor, batch_size=2, on_windows=None, **changes):
    with source.open() as scene:
        plan = WindowPlan(
            scene.shape, **{'window': 8, 'stride': 6, **changes}, batch_size=batch_size
        )
    task = BlockTask(scene=source, plan=plan, scaling=IDENTITY)
    with BlockPipeline(task, predictor=predictor) as pipeline:
        return [result for _, result in pipeline.run(plan.blocks, on_windows)]


def test_windows_without_data_are_never_run_and_batches_stay_in_the_plan(source):
    batches = []

    def first_band(chips):
        batches.append(chips.shape)
        return chips[:, 0] / 255

    settled = []
    (result,) = run(source, first_band, on_windows=settled.append)
    # Windows start at 0, 6 and 12; the first holds nodata only.
    assert batches == [(1, 3, 8, 8), (1, 3, 8, 8)]
    assert result.windows_run == 2
    assert settled == [2, 1]
    assert result.valid.sum() == 8 * 11
    assert not result.valid[:, :9].any()
    assert not result.levels[:, :9].any()


def test_a_block_does_not_depend_on_the_batch_size(source):
    levels = [run(source, lambda chips: chips[:, 1] / 255, size)[0].levels for size in (1, 2, 3)]
    np.testing.assert_array_equal(levels[0], levels[1])
    np.testing.assert_array_equal(levels[0], levels[2])


def test_a_block_holds_probabilities_up_to_its_own_edges(source, noise):
    """Its outermost windows overlap windows of the neighbours, which it knows nothing of."""
    for block_windows in (1, 2, 3):
        results = run(
            source, lambda chips: chips[:, 0] / 255, batch_size=1, block_windows=block_windows
        )
        for start, result in zip(range(0, 18, 6 * block_windows), results, strict=True):
            expected = noise(8, 20, 'int64')[0, :, start : start + result.levels.shape[1]] * 257
            found = np.where(result.valid, result.levels, expected)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 1.5, -0.5])
def test_a_value_that_is_no_probability_is_refused(value, source):
    def broken(chips):
        probability = chips[:, 0] / 255
        probability[-1, 3, 3] = value
        return probability

    with pytest.raises(PredictionError, match=r'col_off=6.*weights'):
        run(source, broken)


def test_a_prediction_of_another_size_is_refused(source):
    with pytest.raises(PredictionError, match=r'\(1, 4, 4\).*\(1, 8, 8\)'):
        run(source, lambda chips: chips[:, 0, ::2, ::2] / 255)


def test_eight_bit_values_survive_exactly():
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    levels = to_levels(values.copy())
    assert levels.dtype == np.uint16
    np.testing.assert_array_equal(levels, np.arange(256) * 257)
    np.testing.assert_array_equal(from_levels(levels), values)


@given(st.floats(0, 1, width=32))
def test_rounding_is_less_than_one_in_a_hundred_thousand(value):
    back = from_levels(to_levels(np.array([value], np.float32)))
    assert back.dtype == np.float32
    assert abs(back[0] - value) < 8e-6


def test_every_level_survives():
    levels = np.arange(65536).astype(np.uint16)
    np.testing.assert_array_equal(to_levels(from_levels(levels)), levels)


def test_what_rounding_took_out_of_range_is_clipped():
    values = np.array([-1e-3, 1 + 1e-3], np.float32)
    np.testing.assert_array_equal(to_levels(values), [0, 65535])
