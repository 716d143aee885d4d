"""A raster averaged down to the pixels of a coarser grid that lies straight on its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from affine import Affine
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.sparse import csr_array

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.validity import ValidityRule
from dfpenet_mm.wording import metres

# A coarse pixel counts where at least so much of its area is valid.
LEAST_VALID = 0.5
# Coarser than this many of its own pixels a grid is an average of them; below it is another grid.
LEAST_FACTOR = 1.05
# Most pixels of one band that are held at once, unless a single coarse row has more.
HELD_PIXELS = 2**22
ROUNDING = 1e-6
# The grids' axes may part by this much of a pixel from end to end.
STRAIGHT = 0.05


def coarser_grid(grid: RasterGrid, gsd: float, name: str) -> RasterGrid:
    """Lay a grid of larger pixels on a grid, from its upper left corner.

    Args:
        grid: of the raster.
        gsd: wanted ground sampling distance, metres, above the grid's. Pixels keep their shape.
        name: of the raster.

    Returns:
        The grid; at its far ends the raster fills at least half of the last pixel.

    Raises:
        EmptySceneError: if the raster is smaller than half a pixel of it.
    """
    factor = gsd / grid.gsd
    rows, cols = (math.floor(side / factor + 0.5) for side in grid.shape)
    if not (rows and cols):
        raise EmptySceneError(
            f'{name} shows {metres(grid.shape[1] * grid.pixel_size[0])} x '
            f'{metres(grid.shape[0] * grid.pixel_size[1])} m, less than a pixel of the '
            f'{metres(gsd)} m in which the network sees; give an image of more ground'
        )
    return RasterGrid(grid.crs, grid.transform @ Affine.scale(factor), (rows, cols))


@dataclass(frozen=True)
class AveragedRaster:
    """Bands of a raster as averages over the area of coarser pixels.

    A value is the mean of the valid pixels below it, each by the area that they share; whole
    numbers stay whole. It is valid where at least half of its area is. Strips of the raster are
    read in full, so that overviews, which may be made in other ways, play no part.

    Args:
        source: the open raster.
        rule: which of its pixels are valid.
        place: from (col, row) of the grid to those of the raster, scaled and moved alone.
    """

    source: DatasetReader
    rule: ValidityRule
    place: Affine

    @classmethod
    def of(cls, source: DatasetReader, rule: ValidityRule, grid: RasterGrid) -> Self | None:
        """See a raster on a grid, if that is coarser and straight on its own; None if not."""
        own = RasterGrid.from_dataset(source)
        if own.crs != grid.crs:
            return None
        turned = Affine.translation(grid.turns_to(own.center[0]), 0) @ own.transform
        place = ~turned @ grid.transform
        rows, cols = grid.shape
        straight = abs(place.b) * rows < STRAIGHT and abs(place.d) * cols < STRAIGHT
        if not straight or min(place.a, place.e) < LEAST_FACTOR:
            return None
        return cls(source, rule, place)

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Average a window of the grid.

        Args:
            window: pixels of the grid.

        Returns:
            Bands, shape (B, H, W), in the type of the raster, and validity, bool, shape (H, W).
        """
        across = _Shares.of(window.col_off, window.width, self.place.c, self.place.a)
        width = max(1, across.stop - across.start)
        step = max(1, int(HELD_PIXELS / (width * self.place.e)))
        parts = []
        for first in range(0, window.height, step):
            rows = min(step, window.height - first)
            down = _Shares.of(window.row_off + first, rows, self.place.f, self.place.e)
            parts.append(self._average(across, down))
        values, valid = zip(*parts, strict=True)
        return np.concatenate(values, axis=1), np.concatenate(valid)

    def _average(self, across: _Shares, down: _Shares) -> tuple[np.ndarray, np.ndarray]:
        across, down = across.within(self.source.width), down.within(self.source.height)
        dtype = np.dtype(self.source.dtypes[self.rule.bands[0] - 1])
        shape = (down.weights.shape[0], across.weights.shape[0])
        if across.stop <= across.start or down.stop <= down.start:
            return np.zeros((len(self.rule.bands), *shape), dtype), np.zeros(shape, bool)
        place = Window(across.start, down.start, across.stop - across.start, down.stop - down.start)
        raw = self.source.read(self.rule.bands, window=place)
        known = self.rule.read(self.source, raw, window=place)
        # Means of up to 16 bits are right to the last digit in single precision.
        kind = np.float32 if np.can_cast(dtype, np.float32) else np.float64
        if not known.all():
            raw[:, ~known] = 0
            share = _mean(known.astype(kind), down, across)
        else:
            share = np.outer(down.weights.sum(axis=1), across.weights.sum(axis=1)).astype(kind)
        sums = np.stack([_mean(band.astype(kind), down, across) for band in raw])
        means = np.divide(sums, share, out=np.zeros_like(sums), where=share > 0)
        if dtype.kind in 'ui':
            means = np.rint(means)
        return means.astype(dtype), share >= LEAST_VALID - ROUNDING


@dataclass(frozen=True)
class _Shares:
    """The pixels of one axis that coarse ones are made of, and by how much of each.

    Args:
        start: first pixel.
        stop: behind the last one.
        weights: sparse, shape (coarse, stop - start); a row adds up to 1.
    """

    start: int
    stop: int
    weights: csr_array

    @classmethod
    def of(cls, first: int, count: int, origin: float, factor: float) -> Self:
        """Divide ``count`` coarse pixels from the ``first`` on into pixels."""
        ends = origin + factor * (first + np.arange(count + 1))
        # An end that is a whole number but for rounding cuts no pixel.
        ends = np.where(np.abs(ends - np.rint(ends)) < ROUNDING, np.rint(ends), ends)
        start, stop = math.floor(ends[0]), math.ceil(ends[-1])
        begin = np.floor(ends[:-1]).astype(int)
        sizes = np.ceil(ends[1:]).astype(int) - begin
        row = np.repeat(np.arange(count), sizes)
        pixel = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + begin[row]
        shared = np.minimum(pixel + 1, ends[row + 1]) - np.maximum(pixel, ends[row])
        weights = csr_array(
            ((shared / factor).astype(np.float64), (row, pixel - start)),
            shape=(count, stop - start),
        )
        return cls(start, stop, weights)

    def within(self, size: int) -> _Shares:
        """Leave out what lies beyond an axis of ``size`` pixels."""
        start, stop = max(0, self.start), min(size, self.stop)
        if (start, stop) == (self.start, self.stop):
            return self
        kept = self.weights[:, max(0, start - self.start) : max(0, stop - self.start)]
        return _Shares(start, stop, csr_array(kept))


def _mean(band: np.ndarray, down: _Shares, across: _Shares) -> np.ndarray:
    rows = down.weights.astype(band.dtype) @ band
    return np.ascontiguousarray((across.weights.astype(band.dtype) @ rows.T).T)
