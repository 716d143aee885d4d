"""The error of a probability, from pixels counted by probability and truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

# Probabilities are counted in steps of 1/65535, as the blocks of a scene are kept.
STEPS = 65535
BINS = 15
# Pixels of a lower probability are nearly all of a scene and hide the error of the others.
LIKELY = 0.05


@dataclass(frozen=True)
class ReliabilityBin:
    """Pixels whose probabilities are alike.

    Args:
        low: smallest probability.
        high: largest probability.
        pixels: their number.
        mean_probability: their mean probability; NaN without pixels.
        share: share of them that is landslide; NaN without pixels.
    """

    low: float
    high: float
    pixels: int
    mean_probability: float
    share: float


def _steps(probability: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(probability, 0, 1) * STEPS).astype(np.int64)


def _no_pixels() -> np.ndarray:
    return np.zeros(STEPS + 1, np.int64)


@dataclass(frozen=True)
class ProbabilityCounts:
    """Pixels counted by probability and truth, so that any number of images can be judged.

    Args:
        landslide: pixels of landslides by the step of their probability, shape (65536,).
        other: all other pixels, likewise.
        values: the probabilities that the steps stand for, shape (65536,), never falling.
    """

    landslide: np.ndarray = field(default_factory=_no_pixels)
    other: np.ndarray = field(default_factory=_no_pixels)
    values: np.ndarray = field(default_factory=lambda: np.arange(STEPS + 1) / STEPS)

    @classmethod
    def of(cls, probability: np.ndarray, landslide: np.ndarray) -> Self:
        """Count the pixels of an image.

        Args:
            probability: in [0, 1], any shape; NaN is left out.
            landslide: whether a pixel is landslide, bool, same shape.
        """
        known = np.isfinite(probability)
        steps = _steps(probability[known])
        truth = np.asarray(landslide, bool)[known]
        counts = (np.bincount(steps[part], minlength=STEPS + 1) for part in (truth, ~truth))
        return cls(*counts)

    def __add__(self, others: Self) -> Self:
        return replace(
            self, landslide=self.landslide + others.landslide, other=self.other + others.other
        )

    @property
    def pixels(self) -> np.ndarray:
        """All pixels by the step of their probability, shape (65536,)."""
        return self.landslide + self.other

    def calibrated(self, apply: Callable[[np.ndarray], np.ndarray]) -> Self:
        """Return the same pixels at the probabilities that ``apply`` makes of theirs."""
        return replace(self, values=apply(self.values))

    def recounted(self) -> Self:
        """Return the same pixels by the usual steps, so that they can be added to others."""
        steps = _steps(self.values)
        counts = (np.bincount(steps, part, STEPS + 1) for part in (self.landslide, self.other))
        return type(self)(*(part.astype(np.int64) for part in counts))

    def bins(self, count: int = BINS, above: float = 0.0) -> list[ReliabilityBin]:
        """Gather pixels in bins of equal width over [0, 1].

        Args:
            count: number of bins; a probability on an edge belongs to the bin above it.
            above: only pixels of a larger probability; 0 for all, those of 0 included.
        """
        index = np.minimum((self.values * count).astype(int), count - 1)
        weights = np.where((self.values > above) | (above <= 0), self.pixels, 0)
        pixels = np.bincount(index, weights, count)
        sums = np.bincount(index, weights * self.values, count)
        found = np.bincount(index, np.where(weights > 0, self.landslide, 0), count)
        with np.errstate(invalid='ignore'):
            means, shares = sums / pixels, found / pixels
        edges = np.arange(count + 1) / count
        return [
            ReliabilityBin(float(low), float(high), int(number), float(mean), float(share))
            for low, high, number, mean, share in zip(
                edges[:-1], edges[1:], pixels, means, shares, strict=True
            )
        ]

    def expected_error(self, above: float = 0.0, count: int = BINS) -> float:
        """Return the expected calibration error.

        Args:
            above: only pixels of a larger probability, such as ``LIKELY``; 0 for all.
            count: number of bins of equal width over [0, 1].

        Returns:
            Mean distance of a bin's mean probability from its share of landslides, weighed by
            its pixels, in [0, 1]; NaN without pixels.

        Source: Guo et al., On calibration of modern neural networks (2017), equation (3).
        """
        filled = [part for part in self.bins(count, above) if part.pixels]
        total = sum(part.pixels for part in filled)
        if not total:
            return math.nan
        far = (part.pixels * abs(part.mean_probability - part.share) for part in filled)
        return math.fsum(far) / total

    def brier(self) -> float:
        """Return the Brier score, the mean square of probability less truth, in [0, 1]."""
        wrong = self.landslide @ (1 - self.values) ** 2 + self.other @ self.values**2
        total = int(self.pixels.sum())
        return float(wrong / total) if total else math.nan

    def f1(self, threshold: float) -> float:
        """Return the F1 of pixels called landslide from a threshold on, in [0, 1]."""
        called = self.values >= threshold
        hits = int(self.landslide[called].sum())
        named = int(self.pixels[called].sum()) + int(self.landslide.sum())
        return 2 * hits / named if named else 0.0
