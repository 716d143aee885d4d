"""Accuracy and area from a stratified random sample, with intervals that hold for rare classes.

Point estimates and standard errors are those of Olofsson et al., Good practices for estimating
area and assessing accuracy of land change, Remote Sensing of Environment 148 (2014), written as
in Stehman, Estimating area and map accuracy for stratified random sampling when the strata are
different from the map classes, International Journal of Remote Sensing 35 (2014): so they also
hold when the map was edited after the sample was drawn.

The usual interval, estimate +- 1.96 standard errors, holds the truth in as few as half of all
samples when few landslides are missed: a stratum of 100 points without a single miss looks as if
it were certain. The interval here puts together Jeffreys intervals of the strata, which know how
little 100 points tell: the method of variance estimates recovery of Zou and Donner, Statistics in
Medicine 27 (2008), and for ratios Donner and Zou, Statistical Methods in Medical Research 21
(2012).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import beta

from dfpenet_mm.errors import DfpenetError

TAIL = 0.025


class AuditError(DfpenetError):
    """A sample of a map, or the verdicts on it, tell nothing or contradict the map."""


@dataclass(frozen=True)
class Stratum:
    """A part of the map and the verdicts on its points, drawn at random.

    Args:
        name: of the part.
        size: its pixels, or its area in any unit.
        counts: points by map and truth, shape (2, 2): row 1 is mapped as landslide, column 1 is
            landslide.
        pixels: its pixels, of which the points were drawn without repetition; None for many.
    """

    name: str
    size: float
    counts: np.ndarray
    pixels: int | None = None

    @property
    def points(self) -> int:
        """Number of points with a verdict."""
        return int(np.sum(self.counts))

    @property
    def shrink(self) -> float:
        """Factor by which an error shrinks as a part of all pixels has been looked at."""
        if self.pixels is None:
            return 1.0
        return math.sqrt(max(0.0, 1 - self.points / self.pixels))


@dataclass(frozen=True)
class Estimate:
    """A number, and the interval that holds its true value in 95 of 100 samples.

    Args:
        value: the estimate; None where the sample holds nothing to estimate it from.
        low: lower limit.
        high: upper limit.
        standard_error: of the value.
    """

    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None

    def scaled(self, factor: float) -> Estimate:
        """Return the same in another unit."""
        parts = self.to_dict().values()
        return Estimate(*(None if part is None else part * factor for part in parts))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            'value': self.value,
            'low': self.low,
            'high': self.high,
            'standard_error': self.standard_error,
        }


NOTHING = Estimate(None, None, None, None)


@dataclass(frozen=True)
class Accuracy:
    """Scores of a map of landslides.

    Args:
        overall: share of the ground that is mapped rightly.
        users: share of the mapped landslides that is landslide, by area (precision).
        producers: share of the landslides that is mapped, by area (recall).
        landslide_share: share of the ground that is landslide.
    """

    overall: Estimate
    users: Estimate
    producers: Estimate
    landslide_share: Estimate


def estimate_accuracy(strata: Sequence[Stratum]) -> Accuracy:
    """Estimate accuracy and area from verdicts on a stratified random sample.

    Args:
        strata: all parts of the ground, each with points.

    Returns:
        Shares, in [0, 1].

    Raises:
        AuditError: if a stratum has fewer than two points.
    """
    for stratum in strata:
        if stratum.points < 2:
            raise AuditError(
                f'the stratum {stratum.name} has {stratum.points} of at least 2 points with a '
                f'verdict; look at more of its points, or draw a larger sample'
            )
    total = sum(stratum.size for stratum in strata)
    weights = np.array([stratum.size / total for stratum in strata])
    return Accuracy(
        overall=_sum(strata, weights, lambda c: c[0, 0] + c[1, 1]).estimate(),
        users=_users(strata, weights),
        producers=_producers(strata, weights),
        landslide_share=_sum(strata, weights, lambda c: c[:, 1].sum()).estimate(),
    )


def jeffreys(hits: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Jeffreys' 95 % intervals of shares, which reach to 0 and 1 where all points agree.

    Args:
        hits: shape (strata,).
        points: all points, same shape, above 0.

    Source: Brown, Cai and DasGupta, Interval estimation for a binomial proportion (2001).
    """
    low = beta.ppf(TAIL, hits + 0.5, points - hits + 0.5)
    high = beta.ppf(1 - TAIL, hits + 0.5, points - hits + 0.5)
    return np.where(hits == 0, 0.0, low), np.where(hits == points, 1.0, high)


@dataclass(frozen=True)
class _Sum:
    """A weighted sum of shares with its limits."""

    value: float
    low: float
    high: float
    variance: float

    @classmethod
    def of(
        cls, weights: np.ndarray, hits: np.ndarray, points: np.ndarray, shrink: np.ndarray
    ) -> _Sum:
        shares = hits / points
        low, high = jeffreys(hits, points)
        below, above = weights * (shares - low) * shrink, weights * (high - shares) * shrink
        # One point tells nothing of its stratum's spread.
        spread = shares * (1 - shares) / np.maximum(points - 1, 1)
        value = float(weights @ shares)
        return cls(
            value,
            value - math.sqrt(below @ below),
            value + math.sqrt(above @ above),
            float((weights * shrink) ** 2 @ spread),
        )

    def estimate(self) -> Estimate:
        return Estimate(
            self.value, max(0.0, self.low), min(1.0, self.high), math.sqrt(self.variance)
        )


def _sum(
    strata: Sequence[Stratum], weights: np.ndarray, event: Callable[[np.ndarray], float]
) -> _Sum:
    if not strata:
        return _Sum(0.0, 0.0, 0.0, 0.0)
    hits = np.array([event(stratum.counts) for stratum in strata], float)
    points = np.array([stratum.points for stratum in strata], float)
    return _Sum.of(weights, hits, points, np.array([stratum.shrink for stratum in strata]))


def _sum_of_mapped(
    strata: Sequence[Stratum], weights: np.ndarray, row: int, event: Callable[[np.ndarray], float]
) -> _Sum:
    """Sum over the strata with points of a row; elsewhere the event cannot be."""
    seen = [number for number, stratum in enumerate(strata) if stratum.counts[row].sum()]
    return _sum([strata[number] for number in seen], weights[seen], event)


def _users(strata: Sequence[Stratum], weights: np.ndarray) -> Estimate:
    """Estimate the share of mapped landslide that is landslide.

    The parts of the strata that are mapped are strata of their own; where a map was edited since
    the sample, how large they are is estimated, too.
    """
    mapped = np.array([stratum.counts[1].sum() for stratum in strata], float)
    seen = mapped > 0
    if not seen.any():
        return NOTHING
    points = np.array([stratum.points for stratum in strata], float)
    sizes = (weights * mapped / points)[seen]
    hits = np.array([stratum.counts[1, 1] for stratum in strata], float)[seen]
    shrink = np.array([stratum.shrink for stratum in strata])[seen]
    found = _Sum.of(sizes / sizes.sum(), hits, mapped[seen], shrink).estimate()
    return Estimate(found.value, found.low, found.high, _ratio_error(strata, weights, of_map=True))


def _producers(strata: Sequence[Stratum], weights: np.ndarray) -> Estimate:
    """Estimate the share of landslide that is mapped: 1 / (1 + missed / found)."""
    found = _sum_of_mapped(strata, weights, 1, lambda c: c[1, 1])
    missed = _sum_of_mapped(strata, weights, 0, lambda c: c[0, 1])
    if found.value + missed.value == 0:
        return NOTHING
    low, high = _ratio_limits(missed, found)
    return Estimate(
        found.value / (found.value + missed.value),
        1 / (1 + high),
        1 / (1 + low),
        _ratio_error(strata, weights, of_map=False),
    )


def _ratio_limits(over: _Sum, under: _Sum) -> tuple[float, float]:
    """Return the limits of a ratio of two independent sums (Donner and Zou 2012, equation 9)."""
    low, high = max(0.0, over.low), over.high
    least, most = max(0.0, under.low), under.high
    product = over.value * under.value
    bottom = most * (2 * under.value - most)
    inner = max(0.0, product**2 - low * (2 * over.value - low) * bottom)
    # An upper limit of more than twice the value leaves no lower limit of the ratio above 0.
    lower = (product - math.sqrt(inner)) / bottom if abs(bottom) > 1e-15 else 0.0
    bottom = least * (2 * under.value - least)
    inner = max(0.0, product**2 - high * (2 * over.value - high) * bottom)
    upper = (product + math.sqrt(inner)) / bottom if bottom > 1e-15 else math.inf
    return max(0.0, lower), upper


def _ratio_error(strata: Sequence[Stratum], weights: np.ndarray, *, of_map: bool) -> float:
    """Return the standard error of user's or producer's accuracy (Stehman 2014, equation 28)."""
    both = np.array([stratum.counts[1, 1] for stratum in strata], float)
    whole = np.array(
        [stratum.counts[1].sum() if of_map else stratum.counts[:, 1].sum() for stratum in strata],
        float,
    )
    points = np.array([stratum.points for stratum in strata], float)
    shrink = np.array([stratum.shrink for stratum in strata])
    y, x = both / points, whole / points
    total = weights @ x
    ratio = (weights @ y) / total
    # y is 1 only where x is.
    grow = points / (points - 1)
    spread = grow * (y * (1 - y) + ratio**2 * x * (1 - x) - 2 * ratio * (y - x * y))
    return float(np.sqrt((weights * shrink) ** 2 @ (np.maximum(spread, 0) / points)) / total)
