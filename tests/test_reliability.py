"""The error of a probability, by hand and by scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, f1_score

from dfpenet_mm.reliability import ProbabilityCounts


def drawn(pixels=40_000):
    """Draw pixels of a network that is too sure: landslides are half as frequent as it says."""
    rng = np.random.default_rng(0)
    probability = 1 / (1 + np.exp(-rng.normal(-2, 2, pixels)))
    return probability, rng.random(pixels) < probability / 2


def test_error_by_hand():
    # Bin 0.6-0.8: 0.7 on average, 3 of 4 right. Bin 0-0.2: 0.1, 0 of 4.
    probability = np.array([0.7, 0.65, 0.75, 0.7, 0.1, 0.1, 0.1, 0.1])
    landslide = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    counts = ProbabilityCounts.of(probability, landslide)
    assert counts.expected_error(count=5) == pytest.approx((4 * 0.05 + 4 * 0.1) / 8, abs=1e-5)
    assert counts.expected_error(above=0.5, count=5) == pytest.approx(0.05, abs=1e-5)
    filled = [part for part in counts.bins(5) if part.pixels]
    assert [(part.low, part.high, part.pixels, part.share) for part in filled] == [
        (0, 0.2, 4, 0),
        (0.6, 0.8, 4, 0.75),
    ]
    assert [part.mean_probability for part in filled] == pytest.approx([0.1, 0.7], abs=1e-5)


def test_probabilities_of_nothing_and_of_certainty_are_counted():
    counts = ProbabilityCounts.of(np.array([[0, 1], [np.nan, 0]]), np.array([[0, 1], [1, 1]]))
    assert int(counts.pixels.sum()) == 3
    assert counts.expected_error() == pytest.approx(1 / 3)
    assert counts.expected_error(above=0.05) == 0
    assert counts.brier() == pytest.approx(1 / 3)


def test_nothing_counted_gives_no_number():
    counts = ProbabilityCounts()
    assert math.isnan(counts.expected_error())
    assert math.isnan(counts.brier())


def test_images_add_up():
    probability, landslide = drawn(1000)
    parts = [ProbabilityCounts.of(probability[i::3], landslide[i::3]) for i in range(3)]
    together = sum(parts, ProbabilityCounts())
    whole = ProbabilityCounts.of(probability, landslide)
    np.testing.assert_array_equal(together.landslide, whole.landslide)
    np.testing.assert_array_equal(together.other, whole.other)


def test_calibrated_pixels_add_up_once_they_are_counted_anew():
    probability, landslide = drawn(1000)
    halves = [ProbabilityCounts.of(probability[i::2], landslide[i::2]) for i in range(2)]
    factors = (0.5, 0.8)
    together = sum(
        (
            half.calibrated(lambda p, by=by: by * p).recounted()
            for half, by in zip(halves, factors, strict=True)
        ),
        ProbabilityCounts(),
    )
    put_right = np.where(np.arange(1000) % 2, 0.8, 0.5) * probability
    whole = ProbabilityCounts.of(put_right, landslide)
    assert together.pixels.sum() == 1000
    assert together.brier() == pytest.approx(whole.brier(), abs=1e-5)
    assert together.expected_error() == pytest.approx(whole.expected_error(), abs=2e-3)


def test_scores_are_those_of_scikit_learn():
    probability, landslide = drawn()
    counts = ProbabilityCounts.of(probability, landslide)
    shares, means = calibration_curve(landslide, probability, n_bins=15)
    filled = [part for part in counts.bins(15) if part.pixels]
    assert [part.share for part in filled] == pytest.approx(shares, abs=1e-3)
    assert [part.mean_probability for part in filled] == pytest.approx(means, abs=1e-4)
    assert counts.brier() == pytest.approx(brier_score_loss(landslide, probability), abs=1e-5)
    for threshold in (0.1, 0.5, 0.9):
        known = f1_score(landslide, probability >= threshold)
        assert counts.f1(threshold) == pytest.approx(known, abs=1e-3)
