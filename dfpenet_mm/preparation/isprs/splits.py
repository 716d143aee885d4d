"""Splits of the tiles, and the windows that they are cut into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfpenet_mm.datasets.isprs import TileWindow, write_window_list
from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.mapping.plan.windows import axis_offsets
from dfpenet_mm.preparation.isprs.collections import IsprsCollection


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


@dataclass(frozen=True)
class PlannedList:
    """A list of windows to be made.

    Args:
        name: of its file, without suffix.
        comment: what it is for, in one line.
        numbers: of its tiles.
        patches: random patches of a tile; None covers the tiles by a grid.
    """

    name: str
    comment: str
    numbers: tuple[str, ...]
    patches: int | None = None


def _planned_lists(collection: IsprsCollection) -> list[PlannedList]:
    """Plan the lists of a data set.

    ``train`` is to train on. ``test_tiles`` is to score on: each pixel of the test tiles counts
    once. ``test`` holds the paper's random patches of the test tiles, whose overlap counts a
    pixel in the middle of a Vaihingen tile dozens of times and one in its corner hardly ever.
    Where there is a pre-training split ``pd_train``, it holds patches of test tiles, as the paper
    says of its own; ``test_tiles_unseen_in_pd`` leaves these tiles out. ``pd_train_clean`` is of
    the training tiles alone, and as long.
    """
    extra = collection.pretrain_extra
    lists = [
        PlannedList('train', 'random training patches', collection.train, collection.train_patches),
        PlannedList('test', 'random test patches', collection.test, collection.test_patches),
        PlannedList('test_tiles', 'each pixel of the test tiles once', collection.test),
    ]
    if extra:
        unseen = tuple(number for number in collection.test if number not in extra)
        count = collection.pretrain_patches
        lists += [
            PlannedList(
                'pd_train',
                f'random pre-training patches, also of the test tiles {", ".join(extra)}',
                (*collection.train, *extra),
                count,
            ),
            PlannedList('test_tiles_unseen_in_pd', 'test tiles that pd_train leaves out', unseen),
            PlannedList(
                'pd_train_clean',
                'random pre-training patches of training tiles alone',
                collection.train,
                count * (len(collection.train) + len(extra)) // len(collection.train),
            ),
        ]
    return lists


def write_splits(
    folder: Path,
    collection: IsprsCollection,
    shapes: Mapping[str, tuple[int, int]],
    *,
    size: int,
    seed: int,
) -> dict[str, int]:
    """Write the lists of the tiles that there are.

    Args:
        folder: where to; it must exist.
        collection: the data set.
        shapes: (rows, cols) of the tiles that were converted, by name.
        size: side of a window, pixels.
        seed: of the random patches, >= 0.

    Returns:
        Windows in each list written; one that would be empty is not.

    Raises:
        RasterFormatError: if a tile is smaller than a patch.
    """
    counts = {}
    for index, planned in enumerate(_planned_lists(collection)):
        names = map(collection.tile_name, planned.numbers)
        own = {name: shapes[name] for name in names if name in shapes}
        if planned.patches is None:
            windows = covering_windows(own, size=size)
        else:
            windows = random_windows(own, size=size, count=planned.patches, seed=(seed, index))
        if windows:
            comment = f'{collection.title}: {planned.comment}, seed {seed}'
            write_window_list(folder / f'{planned.name}.txt', windows, comment=comment)
            counts[planned.name] = len(windows)
    return counts
