"""Which pixels of a chip other chips of the same scene hold already, so that none counts twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.preparation.chip_plan import Chip


class HeldPixels:
    """The pixels of the chips added so far; chips of different scenes never share a pixel.

    Args:
        side: of every chip, pixels. Chips are filed by squares of that side, so that those that
            overlap one are found among few.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._filed: dict[tuple[int, int, int], list[Window]] = defaultdict(list)

    @classmethod
    def of(cls, chips: Iterable[Chip], side: int) -> Self:
        """Add chips to none."""
        held = cls(side)
        for chip in chips:
            held.add(chip)
        return held

    def add(self, chip: Chip) -> None:
        """Hold the pixels of a chip."""
        self._filed[self._square(chip)].append(chip.window)

    def fresh(self, chip: Chip) -> np.ndarray:
        """Find the pixels of a chip that no chip holds.

        Returns:
            True for them, shape (rows, cols) of the chip.
        """
        fresh = np.ones((self._side, self._side), bool)
        for other in self._near(chip):
            down = other.row_off - chip.window.row_off
            right = other.col_off - chip.window.col_off
            fresh[self._covered(down), self._covered(right)] = False
        return fresh

    def _covered(self, shift: int) -> slice:
        return slice(max(shift, 0), max(shift + self._side, 0))

    def _square(self, chip: Chip) -> tuple[int, int, int]:
        return chip.scene, chip.window.row_off // self._side, chip.window.col_off // self._side

    def _near(self, chip: Chip) -> Iterator[Window]:
        scene, row, col = self._square(chip)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                yield from self._filed.get((scene, row + down, col + right), ())


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
