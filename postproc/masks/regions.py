"""A mask as runs of pixels, and which of them hang together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Pixels read at once, in whole rows of tiles, so that none of the usual size is decoded twice.
STRIP_PIXELS, TILE_ROWS = 1 << 24, 512
# Pixels searched at once: what the processor's cache holds takes a tenth of the time.
PIECE_PIXELS = 1 << 19


@dataclass(frozen=True)
class Runs:
    """Stretches of pixels in rows.

    Args:
        row: row of each run, integers, shape (runs,).
        start: its first column.
        stop: the column behind its last one.
    """

    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def of(self, chosen: np.ndarray | slice) -> Runs:
        """Return some of the runs."""
        return Runs(self.row[chosen], self.start[chosen], self.stop[chosen])

    @classmethod
    def joined(cls, parts: Sequence[Runs]) -> Runs:
        """Return the runs of all parts, in their order."""
        columns = [
            np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)
        ]
        return cls(*columns)


def runs_of(pixels: np.ndarray, first_row: int = 0) -> Runs:
    """Find the runs of True.

    Args:
        pixels: boolean, shape (rows, cols).
        first_row: number of the first row.

    Returns:
        Runs, int32, row by row and from left to right.
    """
    rows, cols = pixels.shape
    walled = np.zeros((rows, cols + 2), dtype=bool)
    walled[:, 1:-1] = pixels
    # A row has as many starts as stops, so both alternate throughout.
    changes = np.flatnonzero(walled[:, 1:] != walled[:, :-1])
    row, col = np.divmod(changes, cols + 1)
    row, col = (row + first_row).astype(np.int32), col.astype(np.int32)
    return Runs(row[::2], col[::2], col[1::2])


def strips(dataset: DatasetReader, value: int) -> Iterator[Runs]:
    """Yield the runs of pixels of one value in the first band, strip of rows by strip.

    Args:
        dataset: an open raster.
        value: the pixel value.

    Raises:
        RasterioIOError: if the raster cannot be read to its end.
    """
    rows, cols = dataset.shape
    height = max(STRIP_PIXELS // cols // TILE_ROWS, 1) * TILE_ROWS
    piece = max(PIECE_PIXELS // cols, 1)
    for top in range(0, rows, height):
        pixels = dataset.read(1, window=Window(0, top, cols, min(height, rows - top)))
        pieces = range(0, len(pixels), piece)
        yield Runs.joined(
            [runs_of(pixels[row : row + piece] == value, top + row) for row in pieces]
        )


@dataclass(frozen=True)
class Regions:
    """The connected regions of a mask.

    A part hangs together by the sides of its pixels. A region does so too, or by corners
    as well: then it may have several parts, which meet at corners.

    Args:
        runs: of the whole mask, row by row.
        part: every run's part, from 0 in the order of their first runs, shape (runs,).
        region: every part's region, likewise, shape (parts,).
    """

    runs: Runs
    part: np.ndarray
    region: np.ndarray

    def by_last_row(self) -> np.ndarray:
        """Return the regions' numbers by their last row, then by their first run."""
        last = np.empty(int(self.region.max(initial=-1)) + 1, dtype=np.int32)
        # Runs come row by row, and of several values for one place the last one stays.
        last[self.region[self.part]] = self.runs.row
        return np.argsort(last, kind='stable')


def connect(strips: Iterable[Runs], cols: int, *, corners: bool) -> Regions:
    """Find the connected regions of a mask that comes strip by strip.

    Args:
        strips: runs of consecutive strips of rows.
        cols: columns of the mask.
        corners: True joins pixels that share a corner, False only those that share a side.
    """
    last, last_part = None, np.empty(0, dtype=np.int64)
    runs, parts, side_links, corner_links = [], [], [], []
    count = 0
    for strip in strips:
        sides, touches = _neighbours(strip, strip, cols)
        found, part = _components(len(strip), sides)
        part = part + count
        if last is not None:
            across, across_touches = _neighbours(last, strip, cols)
            side_links.append(_linked(across, last_part, part))
            corner_links.append(_linked(across_touches, last_part, part))
        corner_links.append(_linked(touches, part, part))
        count += found
        runs.append(strip)
        parts.append(part.astype(np.int32))
        if len(strip):
            ends = strip.row == strip.row[-1]
            last, last_part = strip.of(ends), part[ends]
    if not count:
        empty = np.empty(0, dtype=np.int32)
        return Regions(Runs(empty, empty, empty), empty, empty)
    _, whole = _components(count, _stacked(side_links))
    joined = whole[_stacked(corner_links)]
    n_parts = int(whole.max()) + 1
    region = _components(n_parts, joined)[1] if corners else np.arange(n_parts)
    return Regions(Runs.joined(runs), whole.astype(np.int32)[np.concatenate(parts)], region)


def _neighbours(upper: Runs, lower: Runs, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair runs with those of the next row: by sides, and by corners only; shapes (2, pairs)."""
    width = cols + 2
    starts = lower.row.astype(np.int64) * width + lower.start
    stops = lower.row.astype(np.int64) * width + lower.stop
    below = (upper.row.astype(np.int64) + 1) * width
    first = np.searchsorted(stops, below + upper.start, side='left')
    end = np.searchsorted(starts, below + upper.stop, side='right')
    counts = np.maximum(end - first, 0)
    above = np.repeat(np.arange(len(upper)), counts)
    under = np.arange(len(above)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    side = (upper.start[above] < lower.stop[under]) & (lower.start[under] < upper.stop[above])
    pairs = np.stack([above, under])
    return pairs[:, side], pairs[:, ~side]


def _linked(pairs: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    links = np.stack([upper[pairs[0]], lower[pairs[1]]])
    return links[:, links[0] != links[1]]


def _stacked(links: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty((2, 0), dtype=np.int64), *links], axis=1)


def _components(nodes: int, links: np.ndarray) -> tuple[int, np.ndarray]:
    """Number connected nodes from 0 in the order of their first ones."""
    graph = coo_array((np.ones(links.shape[1], dtype=np.int8), tuple(links)), shape=(nodes, nodes))
    count, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(count)
    return count, rank[label]
