"""From the pixels of regions to one number a region."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from dfpenet_mm.errors import ConfigError
from postproc.masks.zone_values import ZoneValues

PLAIN = ('pixels', 'count', 'mean', 'std', 'min', 'max', 'argmin', 'argmax', 'median')


def quantile_of(statistic: str) -> float | None:
    """Return the share that ``median`` or ``p10`` stand for; None for other statistics."""
    if statistic == 'median':
        return 0.5
    percent = re.fullmatch(r'p(\d{1,2}|100)', statistic)
    return int(percent[1]) / 100 if percent else None


def check_statistic(statistic: str) -> None:
    """Raise ``ConfigError`` unless there is such a statistic."""
    known = isinstance(statistic, str) and (
        statistic in PLAIN or quantile_of(statistic) is not None
    )
    if not known:
        raise ConfigError(
            f'the statistic {statistic!r} is unknown; wanted is one of {", ".join(PLAIN)}, or a '
            f"percentile such as 'p10'"
        )


def reduce_zones(zones: ZoneValues, statistics: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Reduce the values of whole regions.

    Args:
        zones: their pixels, at least one.
        statistics: names as ``check_statistic`` knows them.

    Returns:
        The sorted regions, shape (regions,), and their numbers, float64, shape (layers,
        regions, statistics); NaN where a region has no value, but ``pixels`` and ``count``
        are always numbers.
    """
    order = np.argsort(zones.rows, kind='stable')
    rows = zones.rows[order]
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    lengths = np.diff(np.append(starts, len(rows)))
    pixels = zones.pixels[order]
    layers = [_Groups(starts, lengths, pixels, values[order]) for values in zones.values]
    numbers = [[layer.reduced(statistic) for statistic in statistics] for layer in layers]
    return rows[starts], np.moveaxis(np.array(numbers), 1, 2)


class _Groups:
    """One layer's values, those of a region one after the other."""

    def __init__(
        self, starts: np.ndarray, lengths: np.ndarray, pixels: np.ndarray, values: np.ndarray
    ) -> None:
        self.starts, self.lengths, self.pixels, self.values = starts, lengths, pixels, values
        self.valid = ~np.isnan(values)
        self.counts = np.add.reduceat(self.valid, starts, dtype=np.int64)

    def reduced(self, statistic: str) -> np.ndarray:
        share = quantile_of(statistic)
        if share is not None:
            return self._known(self._quantile(share))
        if statistic == 'pixels':
            return self.lengths.astype(float)
        if statistic == 'count':
            return self.counts.astype(float)
        return self._known(getattr(self, f'_{statistic}')())

    def _known(self, numbers: np.ndarray) -> np.ndarray:
        return np.where(self.counts > 0, numbers, np.nan)

    def _each(self, numbers: np.ndarray) -> np.ndarray:
        """Give every pixel its region's number."""
        return np.repeat(numbers, self.lengths)

    def _mean(self, values: np.ndarray | None = None) -> np.ndarray:
        values = self.values if values is None else values
        totals = np.add.reduceat(np.where(self.valid, values, 0.0), self.starts)
        return totals / np.maximum(self.counts, 1)

    def _std(self) -> np.ndarray:
        return np.sqrt(self._mean((self.values - self._each(self._mean())) ** 2))

    def _min(self) -> np.ndarray:
        return np.minimum.reduceat(np.where(self.valid, self.values, np.inf), self.starts)

    def _max(self) -> np.ndarray:
        return np.maximum.reduceat(np.where(self.valid, self.values, -np.inf), self.starts)

    def _argmin(self) -> np.ndarray:
        return self._first_pixel(self._min())

    def _argmax(self) -> np.ndarray:
        return self._first_pixel(self._max())

    def _first_pixel(self, extremes: np.ndarray) -> np.ndarray:
        there = self.values == self._each(extremes)
        # A float holds every pixel number up to 2**53.
        return np.minimum.reduceat(np.where(there, self.pixels, np.inf), self.starts)

    @cached_property
    def _ranked(self) -> np.ndarray:
        """Values in order within their region, NaN last."""
        with np.errstate(over='ignore'):
            narrow = self.values.astype(np.float32)
        if np.array_equal(narrow, self.values, equal_nan=True):
            return _sorted_within(self._each(np.arange(len(self.starts))), narrow)
        return self.values[np.lexsort((self.values, self._each(self.starts)))]

    def _quantile(self, share: float) -> np.ndarray:
        """Read between two neighbours, as numpy's quantile does by default."""
        last = self.starts + np.maximum(self.counts - 1, 0)
        places = self.starts + share * (last - self.starts)
        below = np.floor(places).astype(np.int64)
        low, high = self._ranked[below], self._ranked[np.minimum(below + 1, last)]
        return low + (places - below) * (high - low)


def _sorted_within(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sort float32 values within their groups, NaN last.

    A group's number and a value fit into one integer, which sorts many times faster than two
    keys.

    Args:
        groups: of each value, int64 below 2**31, ascending, shape (values,).
        values: shape (values,); a NaN must not be signed.

    Returns:
        The values, float64.
    """
    bits = values.view(np.int32)
    # Floats compare as their bits do, negative ones the other way round.
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    keys = np.sort((groups << 32) + ordered)
    # The lower half of the key, with its sign.
    bits = keys.astype(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32).astype(float)
