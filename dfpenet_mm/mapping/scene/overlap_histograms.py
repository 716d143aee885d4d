"""How often each value occurs in two scenes where both have data, streamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.statistics import band_percentiles

# Values of integers of up to 16 bits are counted one by one, others in bins between these
# percentiles; what lies outside is counted at the ends.
COUNTED_BYTES = 2
ENDS = (0.1, 99.9)
BINS = 65_536


@dataclass(frozen=True)
class BandHistogram:
    """Values of one band and how often each occurs.

    Args:
        values: those that occur, increasing, shape (values,), the scene's units.
        counts: occurrences, shape (values,), each at least 1.
    """

    values: np.ndarray
    counts: np.ndarray

    @property
    def quantiles(self) -> np.ndarray:
        """The share of pixels up to every value, shape (values,), the last one 1."""
        return np.cumsum(self.counts) / self.counts.sum()


@dataclass(frozen=True)
class OverlapHistograms:
    """What two scenes hold on the pixels that are valid in both.

    Args:
        pixels: how many they are.
        post: one histogram a band of the post-event scene; empty ones without a pixel.
        pre: likewise of the pre-event scene.
    """

    pixels: int
    post: tuple[BandHistogram, ...]
    pre: tuple[BandHistogram, ...]


def count_overlap(
    post: Scene, pre: Scene, progress: Callable[[int, int], None] | None = None
) -> OverlapHistograms:
    """Count the values of two scenes where both are valid.

    Both are read once from end to end. Memory holds the counts and one tile of either.

    Args:
        post: the post-event scene.
        pre: the pre-event scene, on the same grid, with as many bands.
        progress: called with the tiles read and their total.

    Returns:
        The histograms.

    Raises:
        InputFileError: if a file is damaged.
    """
    counters = _Counter.of(post), _Counter.of(pre)
    tiles, pixels = list(post.tiles()), 0
    for done, window in enumerate(tiles, 1):
        (after, valid_after), (before, valid_before) = post.read(window), pre.read(window)
        both = valid_after & valid_before
        pixels += int(both.sum())
        for counter, bands in zip(counters, (after, before), strict=True):
            counter.add(bands[:, both])
        if progress:
            progress(done, len(tiles))
    return OverlapHistograms(pixels, *(counter.histograms() for counter in counters))


class _Counter:
    """Counts the values of one scene's bands in equal bins.

    Args:
        low: the middle of the first bin of each band, shape (B,).
        step: width of the bins of each band, shape (B,).
        bins: how many there are.
    """

    def __init__(self, low: np.ndarray, step: np.ndarray, bins: int) -> None:
        self._low, self._step = low, step
        self._counts = np.zeros((len(low), bins), np.int64)

    @classmethod
    def of(cls, scene: Scene) -> Self:
        bands = len(scene.bands)
        if scene.dtype.kind in 'ui' and scene.dtype.itemsize <= COUNTED_BYTES:
            limits = np.iinfo(scene.dtype)
            bins = int(limits.max) - int(limits.min) + 1
            return cls(np.full(bands, float(limits.min)), np.ones(bands), bins)
        low, high = band_percentiles(scene, ENDS).T
        return cls(low, np.where(high > low, (high - low) / (BINS - 1), 1.0), BINS)

    def add(self, sample: np.ndarray) -> None:
        """Count values, shape (B, pixels)."""
        bins = self._counts.shape[1]
        for index, band in enumerate(sample):
            places = np.rint((band - self._low[index]) / self._step[index]).clip(0, bins - 1)
            self._counts[index] += np.bincount(places.astype(np.int64), minlength=bins)

    def histograms(self) -> tuple[BandHistogram, ...]:
        found = []
        for counts, low, step in zip(self._counts, self._low, self._step, strict=True):
            occurring = np.flatnonzero(counts)
            found.append(BandHistogram(low + step * occurring, counts[occurring]))
        return tuple(found)
