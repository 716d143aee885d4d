"""Chips of a scene as places on a grid, their neighbours and overlaps."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.plan.windows import WindowPlan


@dataclass(frozen=True)
class Chip:
    """One chip that might be cut.

    Args:
        scene: which scene, from 0.
        block: which block, from 0, counted through all scenes.
        window: its pixels in the scene.
        landslide: landslide pixels.
        valid: pixels with data.
    """

    scene: int
    block: int
    window: Window
    landslide: int = 0
    valid: int = 0

    @property
    def landslide_share(self) -> float:
        """Share of landslides among the pixels with data; 0 without any."""
        return self.landslide / max(self.valid, 1)


def block_side(text: str, chip: int, gsd: float) -> int:
    """Read the side of a block.

    Args:
        text: a number of chips, such as ``4``, or metres, such as ``2500m``.
        chip: side of a chip, pixels.
        gsd: of the scene, metres.

    Returns:
        Pixels, at least one chip.

    Raises:
        ConfigError: if the text is neither, or smaller than a chip.
    """
    match = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*(m?)\s*', text)
    if match is None:
        raise ConfigError(
            f'the block size is {text!r}; give a number of chips (4) or metres (2500m)'
        )
    number, unit = float(match.group(1)), match.group(2)
    side = round(number / gsd) if unit else round(number * chip)
    if side < chip:
        raise ConfigError(
            f'blocks of {text} are {side} pixels and smaller than a chip of {chip}; give larger '
            f'blocks or a smaller chip'
        )
    return side


def split_blocks(shape: tuple[int, int], side: int) -> list[Window]:
    """Cut a scene into blocks, from the top left.

    Args:
        shape: (rows, cols) of the scene.
        side: of a block, pixels.

    Returns:
        Windows that cover the scene and do not overlap; the last ones of a row and of a
        column take what is left over, up to twice the side.
    """
    rows, cols = (_spans(size, side) for size in shape)
    return [Window(col, row, width, height) for row, height in rows for col, width in cols]


def chip_windows(block: Window, chip: int, stride: int) -> Iterator[Window]:
    """Lay chips over a block so that they cover it and none leaves it.

    Args:
        block: pixels of the scene, at least one chip high and wide.
        chip: side of a chip, pixels.
        stride: step from chip to chip, pixels, in [1, chip].

    Raises:
        ConfigError: if the stride is out of its range.
    """
    plan = WindowPlan((block.height, block.width), window=chip, stride=stride)
    for row in plan.row_offsets:
        for col in plan.col_offsets:
            yield Window(block.col_off + col, block.row_off + row, chip, chip)


def _spans(size: int, side: int) -> list[tuple[int, int]]:
    """Cut a length into starts and lengths."""
    last = max(1, size // side) - 1
    return [*((index * side, side) for index in range(last)), (last * side, size - last * side)]


# Chips that adjoin may seem to overlap by so many pixels, by rounding in another grid.
ROUNDING = 0.01


def near_pairs(
    chips: Sequence[shapely.Polygon], others: Sequence[shapely.Polygon], gap: float
) -> np.ndarray:
    """Find the pairs that share ground or lie within the gap.

    Args:
        chips: outlines, in pixels of one grid.
        others: likewise.
        gap: empty ground wanted between two, pixels; 0 lets them adjoin, anything above does not.

    Returns:
        Places in ``chips`` and in ``others``, shape (2, pairs), int.
    """
    if not len(chips) or not len(others):
        return np.empty((2, 0), int)
    shrunk = shapely.buffer(others, -ROUNDING, join_style='mitre')
    return shapely.STRtree(shrunk).query(chips, predicate='dwithin', distance=gap)


def far_enough(
    train: Sequence[shapely.Polygon], val: Sequence[shapely.Polygon], gap: float
) -> np.ndarray:
    """Find the training chips that are near no validation chip.

    Args:
        train: outlines of the training chips, in pixels of one grid.
        val: likewise of the validation chips.
        gap: as for ``near_pairs``.

    Returns:
        True for chips that may train, shape (train,).
    """
    far = np.ones(len(train), bool)
    far[near_pairs(train, val, gap)[0]] = False
    return far


class HeldPixels:
    """The pixels of the chips added so far; chips of different scenes never share a pixel.

    Args:
        side: of every chip, pixels. Chips are filed by squares of that side, so that those that
            overlap one are found among few.
        chips: the first of them.
    """

    def __init__(self, side: int, chips: Iterable[Chip] = ()) -> None:
        self._side = side
        self._filed: dict[tuple[int, int, int], list[Window]] = defaultdict(list)
        for chip in chips:
            self.add(chip)

    def add(self, chip: Chip) -> None:
        """Hold the pixels of a chip."""
        self._filed[self._square(chip)].append(chip.window)

    def fresh(self, chip: Chip) -> np.ndarray:
        """Find the pixels of a chip that no chip holds.

        Returns:
            True for them, shape (rows, cols) of the chip.
        """
        fresh = np.ones((self._side, self._side), bool)
        scene, row, col = self._square(chip)
        for down, right in itertools.product((-1, 0, 1), repeat=2):
            for other in self._filed.get((scene, row + down, col + right), ()):
                shifts = other.row_off - chip.window.row_off, other.col_off - chip.window.col_off
                fresh[tuple(slice(max(s, 0), max(s + self._side, 0)) for s in shifts)] = False
        return fresh

    def _square(self, chip: Chip) -> tuple[int, int, int]:
        return chip.scene, chip.window.row_off // self._side, chip.window.col_off // self._side


def each_once(chips: Iterable[Chip], side: int) -> Iterator[tuple[Chip, np.ndarray]]:
    """Give every pixel to the first chip that holds it.

    Args:
        chips: of one side of the split.
        side: of every chip, pixels.

    Yields:
        Each chip with the pixels that none before it holds, shape (rows, cols), bool.
    """
    held = HeldPixels(side)
    for chip in chips:
        yield chip, held.fresh(chip)
        held.add(chip)
