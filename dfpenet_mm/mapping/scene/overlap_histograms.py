"""Histograms of two images where both have data, and the lookup from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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


# Values at which the lookup of a band is kept; it is linear in between. All values of an 8-bit
# band are among them, and 16-bit ones are kept to a thousandth of the pixels.
NODES = 1024
# Most entries of a table, as many as there are whole numbers of 16 bits.
ENTRIES = 65_536


@dataclass(frozen=True)
class HistogramLookup:
    """A never falling function a band, linear between its values and constant beyond them.

    Args:
        source: values of the scene that is read, increasing, one sequence a band.
        target: what each becomes, in the units of the scene whose histogram is wanted.
    """

    source: tuple[tuple[float, ...], ...]
    target: tuple[tuple[float, ...], ...]

    @classmethod
    def between(cls, source: Iterable[BandHistogram], target: Iterable[BandHistogram]) -> Self:
        """Match histograms, band by band.

        Args:
            source: of the scene that is read.
            target: the wanted ones.

        Returns:
            A lookup that sends a value to the one of the same quantile, as
            ``skimage.exposure.match_histograms`` does.
        """
        nodes = [_match(first, second) for first, second in zip(source, target, strict=True)]
        return cls(
            source=tuple(tuple(values.tolist()) for values, _ in nodes),
            target=tuple(tuple(values.tolist()) for _, values in nodes),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[Sequence[float]]]) -> Self:
        """Read the fields as JSON keeps them, lists for tuples."""
        return cls(**{name: tuple(map(tuple, bands)) for name, bands in values.items()})

    def apply(self, bands: np.ndarray) -> np.ndarray:
        """Look up bands.

        Args:
            bands: shape (B, H, W), units of ``source``.

        Returns:
            A new array of that shape, float32, units of ``target``.
        """
        matched = np.empty(bands.shape, np.float32)
        for out, band, table in zip(matched, bands, self._tables, strict=True):
            table.look_up(band, out)
        return matched

    @cached_property
    def _tables(self) -> tuple[_Table, ...]:
        return tuple(map(_Table.of, self.source, self.target))


@dataclass(frozen=True)
class _Table:
    """A band's function at equal steps, in which looking up is ten times as fast.

    Args:
        first: value of the first entry.
        step: from entry to entry.
        entries: shape (values,), float32.
    """

    first: float
    step: float
    entries: np.ndarray

    @classmethod
    def of(cls, source: Sequence[float], target: Sequence[float]) -> Self:
        first, span = source[0], source[-1] - source[0]
        # Whole numbers keep entries of their own; others were counted in as many bins.
        whole = span < ENTRIES and all(float(value).is_integer() for value in source)
        step = 1.0 if whole or not span else span / (ENTRIES - 1)
        values = first + step * np.arange(round(span / step) + 1)
        return cls(first, step, np.interp(values, source, target).astype(np.float32))

    def look_up(self, band: np.ndarray, out: np.ndarray) -> None:
        places = np.rint((band - self.first) / self.step)
        places = places.clip(0, len(self.entries) - 1).astype(np.intp)
        np.take(self.entries, places, out=out, mode='clip')


def _match(source: BandHistogram, target: BandHistogram) -> tuple[np.ndarray, np.ndarray]:
    matched = np.interp(source.quantiles, target.quantiles, target.values)
    kept = _nodes(source)
    return source.values[kept], matched[kept]


def _nodes(histogram: BandHistogram) -> np.ndarray:
    """Choose values, the first and the last among them, as evenly by pixels as by value.

    Where few pixels lie, as in bright tails, only steps by value keep the curve.
    """
    count = len(histogram.values)
    if count <= NODES:
        return np.arange(count)
    by_pixels = np.searchsorted(histogram.quantiles, np.linspace(0, 1, NODES // 2))
    steps = np.linspace(histogram.values[0], histogram.values[-1], NODES // 2)
    by_value = np.searchsorted(histogram.values, steps)
    return np.union1d(by_pixels, by_value).clip(max=count - 1)
