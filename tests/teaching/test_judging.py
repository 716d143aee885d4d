"""Outcomes by block, thresholds from the other half, and intervals."""

import numpy as np
import pytest

from dfpenet_mm.reliability import ProbabilityCounts
from dfpenet_mm.teaching.judging import (
    Comparison,
    JudgedPixels,
    Meaning,
    best_threshold,
    iou,
    pixels_of,
)
from tests.teaching.conftest import square
from tests.teaching.test_ground import GRID


def judgement(probability, landslide, block, blocks=2):
    arrays = np.array(probability, float), np.array(landslide, bool), np.array(block)
    return JudgedPixels(*arrays, blocks, 100.0)


def test_outcomes_are_square_metres_of_each_block():
    judged = judgement([0.9, 0.2, 0.7, 0.1], [1, 1, 0, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(judged.outcomes(0.5), [[100, 0, 100], [0, 100, 0]])
    np.testing.assert_array_equal(judged.outcomes(np.array([0.1, 0.8])), [[200, 0, 0], [0, 0, 0]])


def test_iou_of_blocks_is_that_of_their_sum():
    assert iou(np.array([[100, 0, 100], [0, 100, 0]])) == pytest.approx(1 / 3)
    assert iou(np.zeros((2, 3))) == 0


def test_the_best_threshold_has_the_best_iou():
    counts = ProbabilityCounts.of(np.array([0.2, 0.4, 0.6, 0.8]), np.array([0, 1, 0, 1], bool))
    # Between 0.2 and 0.4 begin two hits and a false alarm; from 0.8 on a hit and a miss.
    assert best_threshold(counts) == pytest.approx(0.3, abs=1e-4)
    assert best_threshold(ProbabilityCounts()) == 0.5


def test_fair_outcomes_take_the_threshold_of_the_other_half():
    # In either half another threshold is the best one, and spoils the other half.
    judged = judgement([0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(judged.fair_outcomes(), [[100, 100, 0], [0, 0, 100]])


def test_a_comparison_with_itself_gains_nothing():
    outcomes = np.array([[100.0, 50, 50], [10, 5, 0], [0, 0, 5]])
    result = Comparison.of(outcomes, outcomes, seed=0)
    assert (result.gain, result.better, result.sure) == (0, 0, False)
    low, high = result.interval
    assert low <= result.iou <= high


def test_a_network_better_everywhere_is_surely_better():
    before = np.array([[50.0, 50, 50]] * 4)
    result = Comparison.of(np.array([[90.0, 10, 10]] * 4), before, seed=0)
    assert result.sure
    assert result.better == 1
    assert result.gain_interval == pytest.approx((90 / 110 - 1 / 3,) * 2)


def test_a_network_better_in_half_of_the_blocks_is_not():
    before = np.array([[50.0, 50, 50]] * 4)
    after = np.array([[90.0, 10, 10], [20, 80, 80], [90, 10, 10], [10, 80, 80]])
    assert not Comparison.of(after, before, seed=0).sure


def test_meaning_puts_threshold_and_calibration_on_one_scale():
    rng = np.random.default_rng(0)
    landslide = rng.random(4000) < 0.3
    probability = np.clip(rng.normal(np.where(landslide, 0.3, 0.1), 0.05), 0.01, 0.99)
    judged = JudgedPixels(probability, landslide, np.zeros(4000, int), 1, 1.0)
    meaning = Meaning.fit(judged)
    raw = best_threshold(judged.counts())
    assert meaning.platt.apply(np.array([raw]))[0] == pytest.approx(meaning.threshold, abs=1e-3)
    assert 0.2 < meaning.threshold < 0.8


def test_a_probability_that_falls_where_landslides_are_means_nothing():
    judged = judgement([0.1, 0.9, 0.2, 0.8], [1, 0, 1, 0], [0, 0, 1, 1])
    assert Meaning.fit(judged) is None


def test_a_judgement_is_kept(tmp_path):
    judged = judgement([0.1, 0.9], [1, 0], [0, 1])
    judged.save(tmp_path / 'kept.npz')
    np.testing.assert_array_equal(
        JudgedPixels.load(tmp_path / 'kept.npz').outcomes(0.5), judged.outcomes(0.5)
    )


def test_pixels_of_an_outline():
    window = pixels_of(GRID, square(1, 2, 3))
    assert (window.row_off, window.col_off, window.height, window.width) == (1, 2, 3, 3)
    assert pixels_of(GRID, square(5, 7, 9)).height == 1
