"""A mask as runs: the stretches of landslide pixels in its rows.

Landslides are a few percent of a scene, so their runs fit into memory where the mask does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

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
