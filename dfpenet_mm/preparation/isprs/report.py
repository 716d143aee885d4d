"""What a conversion found, as lines to read and numbers to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from dfpenet_mm.preparation.isprs.labels import CLASSES
from dfpenet_mm.vocabulary import IGNORED


def count_labels(labels: np.ndarray) -> np.ndarray:
    """Count the pixels of each class, and last those ignored; shape (7,)."""
    counts = np.bincount(labels.ravel(), minlength=IGNORED + 1)
    return counts[[*range(len(CLASSES)), IGNORED]]


@dataclass(frozen=True)
class TileReport:
    """One tile.

    Args:
        name: its name.
        split: train or test.
        shape: (rows, cols).
        labels: pixels of each class, last those ignored.
        eroded: likewise of the eroded labels.
        eroded_here: True if ISPRS's eroded ground truth was not found.
        disagreeing: pixels of ISPRS's eroded ground truth that are neither ignored nor of the
            class that the ground truth gives them.
        rounded: True if its colours had to be rounded to the official ones.
    """

    name: str
    split: str
    shape: tuple[int, int]
    labels: tuple[int, ...]
    eroded: tuple[int, ...]
    eroded_here: bool
    disagreeing: int
    rounded: bool


@dataclass(frozen=True)
class IsprsReport:
    """A whole conversion.

    Args:
        title: the data set's name.
        wanted: tiles of the official split.
        seed: of the random patches.
        patch: side of a patch, pixels.
        tiles: those converted.
        windows: windows in each list, by its name.
        sources: what the tiles came from.
    """

    title: str
    wanted: int
    seed: int
    patch: int
    sources: tuple[str, ...]
    tiles: tuple[TileReport, ...]
    windows: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """Return plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return what a user should see."""
        here = sum(tile.eroded_here for tile in self.tiles)
        lines = [
            f'{self.title}: {len(self.tiles)} of {self.wanted} tiles; eroded ground truth of '
            f'ISPRS for {len(self.tiles) - here}, eroded here for {here}'
        ]
        for split in ('train', 'test'):
            lines += self._split_lines(split)
        lines += [f'{name}: {count} windows' for name, count in self.windows.items()]
        return lines + self._warnings()

    def _split_lines(self, split: str) -> list[str]:
        tiles = [tile for tile in self.tiles if tile.split == split]
        if not tiles:
            return []
        counts = np.sum([tile.labels for tile in tiles], axis=0)
        eroded = np.sum([tile.eroded for tile in tiles], axis=0)
        shares = ', '.join(
            f'{name} {100 * count / counts.sum():.1f} %'
            for name, count in zip(CLASSES, counts, strict=False)
        )
        return [
            f'{split}: {len(tiles)} tiles, {counts.sum()} pixels: {shares}',
            f'{split}: ignored {counts[-1]} pixels of labels and {eroded[-1]} '
            f'({100 * eroded[-1] / eroded.sum():.1f} %) of labels_eroded',
        ]

    def _warnings(self) -> list[str]:
        lines = []
        rounded = [tile.name for tile in self.tiles if tile.rounded]
        if rounded:
            lines.append(f'warning: inexact colours rounded to the nearest of {rounded}')
        wrong = {tile.name: tile.disagreeing for tile in self.tiles if tile.disagreeing}
        if wrong:
            lines.append(f'warning: pixels whose class erosion changed, by tile: {wrong}')
        blank = [tile.name for tile in self.tiles if not tile.eroded[-1]]
        if blank:
            lines.append(f'warning: eroded ground truth without ignored pixels: {blank}')
        return lines
