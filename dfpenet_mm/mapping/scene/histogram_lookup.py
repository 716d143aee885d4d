"""Give one scene's bands the histograms of another's, by a monotone lookup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from dfpenet_mm.mapping.scene.overlap_histograms import BandHistogram

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
