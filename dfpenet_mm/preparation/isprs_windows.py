"""Windows of tiles: random patches to train on, and a grid that scores each pixel once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dfpenet_mm.datasets.isprs import TileWindow
from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.mapping.plan.windows import axis_offsets


def random_windows(
    shapes: Mapping[str, tuple[int, int]], *, size: int, count: int, seed: tuple[int, ...]
) -> list[TileWindow]:
    """Draw windows that lie wholly inside their tile, every place as likely as another.

    Args:
        shapes: (rows, cols) of the tiles by name.
        size: side of a window, pixels.
        count: windows of each tile.
        seed: what the draw depends on; a tile's draw does not depend on the other tiles.

    Returns:
        Windows, tile by tile. Some may be drawn twice.

    Raises:
        RasterFormatError: if a tile is smaller than a window.
    """
    windows = []
    for tile, (rows, cols) in shapes.items():
        if min(rows, cols) < size:
            raise RasterFormatError(
                f'tile {tile} has {rows} x {cols} pixels, too few for a patch of {size} x {size}; '
                f'replace its files, or pass a smaller --patch'
            )
        rng = np.random.default_rng([*seed, *tile.encode()])
        corners = rng.integers(0, [rows - size + 1, cols - size + 1], (count, 2))
        windows += [TileWindow(tile, row, col, size, size) for row, col in corners.tolist()]
    return windows


def covering_windows(shapes: Mapping[str, tuple[int, int]], *, size: int) -> list[TileWindow]:
    """Cover tiles by windows such that each pixel is new in exactly one.

    The last window of an axis is shifted back inside, so that every window is full and the
    network sees as much around a pixel as in training; what it repeats it counts as seen.

    Args:
        shapes: (rows, cols) of the tiles by name.
        size: side of a window, pixels; a smaller tile gives one window of its own shape.
    """
    return [
        TileWindow(tile, row, col, min(size, rows), min(size, cols), seen_rows, seen_cols)
        for tile, (rows, cols) in shapes.items()
        for row, seen_rows in _offsets_and_seen(rows, size)
        for col, seen_cols in _offsets_and_seen(cols, size)
    ]


def _offsets_and_seen(length: int, size: int) -> list[tuple[int, int]]:
    offsets = axis_offsets(length, size, size)
    ends = [0, *(offset + size for offset in offsets)]
    return [(offset, end - offset) for offset, end in zip(offsets, ends, strict=False)]
