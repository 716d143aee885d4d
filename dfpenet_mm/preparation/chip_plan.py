"""Where the chips of a scene lie: a regular grid in each of the blocks that a split moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    (rows, heights), (cols, widths) = (_spans(size, side) for size in shape)
    return [
        Window(col, row, width, height)
        for row, height in zip(rows, heights, strict=True)
        for col, width in zip(cols, widths, strict=True)
    ]


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


def _spans(size: int, side: int) -> tuple[list[int], list[int]]:
    count = max(1, size // side)
    starts = [index * side for index in range(count)]
    return starts, [*[side] * (count - 1), size - starts[-1]]
