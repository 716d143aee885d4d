"""Probabilities put right by Platt scaling, fitted on validation data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.reliability import STEPS, ProbabilityCounts

# Half a step of what a scene's blocks keep: stands for 0 and for 1, whose logits are infinite.
LEAST = 0.5 / STEPS
PLATT = 'platt'


@dataclass(frozen=True)
class PlattScaling:
    """A straight line between the logits of two probabilities.

    Args:
        slope: factor of the logit, above 0; under 1 where a network is too sure of itself.
        intercept: what is added to it.

    Raises:
        ConfigError: if these are no such numbers.

    Source: Platt, Probabilistic outputs for support vector machines (1999).
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (('slope', self.slope), ('intercept', self.intercept)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or (name == 'slope' and value <= 0):
                wanted = 'a number above 0' if name == 'slope' else 'a finite number'
                raise ConfigError(
                    f'the {name} of a calibration is {value!r}, wanted is {wanted}; fit it anew '
                    f'with tools/calibrate.py'
                )

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities.

        Args:
            probability: any shape, floating-point; values outside [0, 1] are clipped, NaN stays.

        Returns:
            A new array of the same shape and type, increasing with the probability.
        """
        known = np.clip(probability, LEAST, 1 - LEAST)
        odds = np.log(known / (1 - known))
        odds *= -self.slope
        odds -= self.intercept
        return 1 / (1 + np.exp(odds, out=odds))


@dataclass(frozen=True)
class Calibration:
    """Platt scalings of one network at one or several pixel sizes.

    Args:
        points: scalings by pixel size, metres; at least one.
        fitted_on: data that they were fitted on, for people.
        thresholds: best thresholds of the calibrated probability by pixel size, metres, where
            they are not that of the network.

    Raises:
        ConfigError: if there is no point, or a pixel size is not above 0.
    """

    points: Mapping[float, PlattScaling]
    fitted_on: str = ''
    thresholds: Mapping[float, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.points or not all(0 < size < math.inf for size in self.points):
            raise ConfigError(
                f'a calibration has pixel sizes {sorted(self.points)}, wanted is at least one, '
                f'in metres above 0; fit it anew with tools/calibrate.py'
            )

    def at(self, pixel_size: float) -> PlattScaling:
        """Return the scaling for pixels of one size.

        Args:
            pixel_size: metres, above 0.

        Returns:
            Interpolated linearly in the logarithm of the size, and constant outside the points.
        """
        slopes = {size: fit.slope for size, fit in self.points.items()}
        intercepts = {size: fit.intercept for size, fit in self.points.items()}
        return PlattScaling(
            _interpolated(slopes, pixel_size), _interpolated(intercepts, pixel_size)
        )

    def threshold_at(self, pixel_size: float, usual: float) -> float:
        """Return the best threshold for pixels of one size, interpolated likewise.

        Args:
            pixel_size: metres, above 0.
            usual: that of the network.
        """
        limits = {size: self.thresholds.get(size, usual) for size in self.points}
        return _interpolated(limits, pixel_size)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values as the card of a network holds them."""
        points = [
            {'pixel_size': size, 'slope': fit.slope, 'intercept': fit.intercept}
            | ({'threshold': self.thresholds[size]} if size in self.thresholds else {})
            for size, fit in sorted(self.points.items())
        ]
        return {'method': PLATT, 'points': points, 'fitted_on': self.fitted_on}


def _interpolated(values: Mapping[float, float], pixel_size: float) -> float:
    sizes = sorted(values)
    return float(np.interp(math.log(pixel_size), np.log(sizes), [values[size] for size in sizes]))


def fit_platt(counts: ProbabilityCounts) -> PlattScaling:
    """Fit a Platt scaling by maximum likelihood.

    Args:
        counts: of validation data, not calibrated.

    Raises:
        ConfigError: if there is no landslide or nothing else, if the probability is the same
            everywhere, or does not rise towards landslides.

    Source: Platt (1999), whose targets, a little off 0 and 1, keep the fit finite.
    """
    hits, misses = int(counts.landslide.sum()), int(counts.other.sum())
    if not hits or not misses:
        what = 'no landslide' if not hits else 'nothing but landslides'
        raise ConfigError(
            f'the masks show {what}, so that no probability can be calibrated on them; give '
            f'images with landslides and ground around them'
        )
    used = counts.pixels > 0
    values = np.clip(counts.values[used], LEAST, 1 - LEAST)
    if np.ptp(values) == 0:
        raise ConfigError(
            f'the network gives every pixel the probability {values[0]:.3g}, so that nothing can '
            f'be calibrated; check that the weights and the scaling of the images belong to it'
        )
    weights = counts.pixels[used].astype(np.float64)
    high, low = (hits + 1) / (hits + 2), 1 / (misses + 2)
    target = (high * counts.landslide[used] + low * counts.other[used]) / weights
    design = np.stack([np.log(values / (1 - values)), np.ones(len(values))], axis=1)
    slope, intercept = _newton(design, target, weights)
    if slope <= 0:
        raise ConfigError(
            'the probability falls where the landslides are, so that it cannot be calibrated; '
            'check that masks and images belong together, and which class is landslide'
        )
    return PlattScaling(slope, intercept)


def _newton(design: np.ndarray, target: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Minimise the cross-entropy of a logistic regression; shapes (n, 2), (n,), (n,)."""

    def loss(line: np.ndarray) -> float:
        odds = design @ line
        return float(weights @ (np.logaddexp(0, odds) - target * odds))

    line = np.array([1.0, 0.0])
    for _ in range(100):
        expected = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (weights * (expected - target))
        curvature = (design * (weights * expected * (1 - expected))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        before = loss(line)
        while loss(line - step) > before and np.abs(step).max() > 1e-9:
            step = step / 2
        line = line - step
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])
