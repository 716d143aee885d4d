"""The lookup that gives one image's values the histogram of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

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
    def between(cls, source: np.ndarray, target: np.ndarray) -> Self:
        """Match samples, band by band.

        Args:
            source: pixels of the scene that is read, shape (B, pixels), at least one.
            target: pixels of the scene whose histogram is wanted, shape (B, other pixels).

        Returns:
            A lookup that sends a value to the one of the same quantile, as
            ``skimage.exposure.match_histograms`` does.
        """
        nodes = [_match(*bands) for bands in zip(source, target, strict=True)]
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
        for out, band, (first, step, entries) in zip(matched, bands, self._tables, strict=True):
            places = np.rint((band - first) / step).clip(0, len(entries) - 1).astype(np.intp)
            np.take(entries, places, out=out, mode='clip')
        return matched

    @cached_property
    def _tables(self) -> tuple[tuple[float, float, np.ndarray], ...]:
        return tuple(map(_table, self.source, self.target))


def _match(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values of a band and what they become."""
    values, shares = _quantiles(source)
    wanted, wanted_shares = _quantiles(target)
    kept = _nodes(values, shares)
    return values[kept], np.interp(shares[kept], wanted_shares, wanted)


def _quantiles(band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that occur, increasing, and the share of pixels up to each."""
    values, counts = np.unique(band, return_counts=True)
    return values, np.cumsum(counts) / band.size


def _nodes(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Choose values, the first and the last among them, as evenly by pixels as by value.

    Where few pixels lie, as in bright tails, only steps by value keep the curve.
    """
    count = len(values)
    if count <= NODES:
        return np.arange(count)
    by_pixels = np.searchsorted(shares, np.linspace(0, 1, NODES // 2))
    by_value = np.searchsorted(values, np.linspace(values[0], values[-1], NODES // 2))
    return np.union1d(by_pixels, by_value).clip(max=count - 1)


def _table(source: Sequence[float], target: Sequence[float]) -> tuple[float, float, np.ndarray]:
    """Tabulate a band's function at equal steps, where looking up is ten times as fast.

    Returns:
        The value of the first entry, the step from entry to entry, and the entries, float32.
    """
    first, span = source[0], source[-1] - source[0]
    # Whole numbers keep entries of their own.
    whole = span < ENTRIES and all(float(value).is_integer() for value in source)
    step = 1.0 if whole or not span else span / (ENTRIES - 1)
    values = first + step * np.arange(round(span / step) + 1)
    return first, step, np.interp(values, source, target).astype(np.float32)
