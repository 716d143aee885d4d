"""Platt scaling, fitted and applied."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from dfpenet_mm.calibration import (
    LEAST,
    Calibration,
    PlattScaling,
    fit_platt,
)
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.reliability import ProbabilityCounts


def drawn(slope, intercept, pixels=40_000, seed=0):
    """Draw pixels whose landslides are as frequent as a Platt scaling of p says."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-rng.normal(-2, 2, pixels)))
    landslide = rng.random(pixels) < PlattScaling(slope, intercept).apply(probability)
    return probability, landslide


def test_scaling_by_hand():
    # Odds of 4 become 2 by a slope of a half, and 4 again by an intercept of log 2.
    assert PlattScaling(0.5, math.log(2)).apply(np.array([0.8, 0.5])) == pytest.approx([0.8, 2 / 3])


def test_no_scaling_changes_nothing():
    values = np.linspace(LEAST, 1 - LEAST, 100)
    assert PlattScaling().apply(values) == pytest.approx(values)


def test_scaling_keeps_type_and_nan_and_its_input():
    values = np.array([0, np.nan, 1, 1.0000001, -1e-7], np.float32)
    before = values.copy()
    found = PlattScaling(0.7, -1).apply(values)
    assert found.dtype == np.float32
    assert np.isnan(found).tolist() == [False, True, False, False, False]
    assert found[0] == found[4] < 0.001
    assert found[2] == found[3] > 0.99
    np.testing.assert_array_equal(values, before)


@given(st.floats(0.05, 5), st.floats(-5, 5))
def test_scaling_never_falls(slope, intercept):
    found = PlattScaling(slope, intercept).apply(np.linspace(0, 1, 501))
    assert (np.diff(found) >= 0).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


@pytest.mark.parametrize('values', [(0, 0), (-1, 0), (math.nan, 0), (1, math.inf), ('1', 0)])
def test_a_scaling_that_does_not_rise_is_refused(values):
    with pytest.raises(ConfigError, match=r'fit it anew with tools/calibrate\.py'):
        PlattScaling(*values)


def test_pixel_sizes_between_points_are_interpolated_in_their_logarithm():
    calibration = Calibration({2.0: PlattScaling(0.5, -1), 8.0: PlattScaling(0.9, 1)})
    for size, slope, intercept in [(4, 0.7, 0), (0.5, 0.5, -1), (2, 0.5, -1), (100, 0.9, 1)]:
        fit = calibration.at(size)
        assert (fit.slope, fit.intercept) == pytest.approx((slope, intercept))


@given(size=st.floats(0.01, 100), points=st.integers(1, 4))
def test_calibration_stays_within_its_points(size, points):
    known = {2.0**i: PlattScaling(i + 1, -i) for i in range(points)}
    fit = Calibration(known).at(size)
    assert 1 <= fit.slope <= points + 1e-9
    assert fit.intercept == pytest.approx(1 - fit.slope)


@pytest.mark.parametrize('points', [{}, {0.0: PlattScaling()}, {math.nan: PlattScaling()}])
def test_points_without_a_pixel_size_are_refused(points):
    with pytest.raises(ConfigError, match='wanted is at least one, in metres above 0'):
        Calibration(points)


def test_a_threshold_of_some_pixels_is_that_of_the_network_in_others():
    points = {2.0: PlattScaling(), 8.0: PlattScaling()}
    calibration = Calibration(points, thresholds={2.0: 0.6})
    assert calibration.threshold_at(1, usual=0.3) == 0.6
    assert calibration.threshold_at(4, usual=0.3) == pytest.approx(0.45)
    assert calibration.threshold_at(20, usual=0.3) == 0.3


def test_fit_is_that_of_scikit_learn():
    probability, landslide = drawn(0.6, -0.5)
    fit = fit_platt(ProbabilityCounts.of(probability, landslide))
    logits = np.log(probability / (1 - probability))
    known = LogisticRegression(C=1e9).fit(logits[:, None], landslide)
    assert fit.slope == pytest.approx(known.coef_[0, 0], abs=2e-3)
    assert fit.intercept == pytest.approx(known.intercept_[0], abs=2e-3)


def test_calibrating_lowers_the_error_and_keeps_the_best_f1():
    counts = ProbabilityCounts.of(*drawn(0.5, -1))
    better = counts.calibrated(fit_platt(counts).apply)
    assert better.expected_error() < 0.2 * counts.expected_error()
    assert better.brier() < counts.brier()
    best = [max(map(found.f1, np.arange(1, 1000) / 1000)) for found in (counts, better)]
    assert best[1] == pytest.approx(best[0], abs=2e-3)


def test_a_perfect_network_has_a_finite_fit():
    probability = np.repeat([0.1, 0.2, 0.8, 0.9], 1000)
    fit = fit_platt(ProbabilityCounts.of(probability, probability > 0.5))
    assert 2 < fit.slope < 100


@pytest.mark.parametrize(
    ('probability', 'landslide', 'said'),
    [
        ([0.1, 0.2], [0, 0], 'the masks show no landslide, .*give images with landslides'),
        ([0.1, 0.2], [1, 1], 'nothing but landslides'),
        ([0.3, 0.3], [0, 1], 'every pixel the probability 0.3'),
        ([0.1, 0.9], [1, 0], 'falls where the landslides are'),
    ],
)
def test_data_that_teach_no_calibration_are_refused(probability, landslide, said):
    with pytest.raises(ConfigError, match=said):
        fit_platt(ProbabilityCounts.of(np.array(probability), np.array(landslide)))


def test_needs_no_torch():
    code = 'import sys, dfpenet_mm.calibration; print("torch" in sys.modules)'
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == 'False'
