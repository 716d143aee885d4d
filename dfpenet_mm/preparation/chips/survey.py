"""The blocks of all scenes and the chips of their grids, counted: the stock to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.longitudes import outline
from dfpenet_mm.preparation.chips.plan import (
    Chip,
    block_side,
    chip_windows,
    each_once,
    split_blocks,
)
from dfpenet_mm.preparation.chips.source import ChipSource


@dataclass(frozen=True)
class Survey:
    """The ground and its chips.

    Args:
        blocks: scene, number and window of each block, as chips of its size.
        chips: of a grid in each block; they cover it.
        hidden: landslide pixels where the scenes have no data.
    """

    blocks: tuple[Chip, ...]
    chips: tuple[Chip, ...]
    hidden: int


def survey_chips(
    sources: Sequence[ChipSource],
    block_size: str | None,
    side: int,
    step: int,
    progress: Callable[[int, int], None],
) -> Survey:
    """Lay chips over the scenes and count their pixels.

    Args:
        sources: the scenes.
        block_size: chips or metres; None makes each scene one block.
        side: of a chip, pixels.
        step: from chip to chip, pixels.
        progress: told chips counted and their total.

    Raises:
        RasterFormatError: if a scene is smaller than a chip.
        ConfigError: if the size of the blocks is none.
    """
    blocks: list[Chip] = []
    planned: list[Chip] = []
    for number, source in enumerate(sources):
        windows = _blocks(source, block_size, side)
        own = [Chip(number, index, w) for index, w in enumerate(windows, start=len(blocks))]
        chips = [
            Chip(number, block.block, window)
            for block in own
            for window in chip_windows(block.window, side, step)
        ]
        # From top to bottom, as the file is stored.
        planned += sorted(chips, key=lambda chip: (chip.window.row_off, chip.window.col_off))
        blocks += own
    counted, hidden = [], 0
    for chip, fresh in each_once(planned, side):
        source = sources[chip.scene]
        counted.append(source.count(chip))
        if counted[-1].valid < fresh.size:
            hidden += source.count_hidden(chip, fresh)
        progress(len(counted), len(planned))
    return Survey(tuple(blocks), tuple(counted), hidden)


def _blocks(source: ChipSource, size: str | None, side: int) -> list[Window]:
    rows, cols = source.grid.shape
    if min(rows, cols) < side:
        raise RasterFormatError(
            f'{source.path} has {rows} x {cols} pixels, fewer than a chip of {side}; give a '
            f'smaller --chip or leave the image out'
        )
    if size is None:
        return [Window(0, 0, cols, rows)]
    return split_blocks(source.grid.shape, block_side(size, side, source.grid.gsd))


def outlines(sources: Sequence[ChipSource], chips: Sequence[Chip]) -> list[shapely.Polygon]:
    """Draw chips or blocks of all scenes in the pixels of the first."""
    first = sources[0].grid
    drawn = []
    for chip in chips:
        window = chip.window
        if chip.scene == 0:
            left, top = window.col_off, window.row_off
            drawn.append(shapely.box(left, top, left + window.width, top + window.height))
        else:
            drawn.append(outline(sources[chip.scene].grid.window(window), first))
    return drawn


VAL_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class ChipSettings:
    """Settings by which chips are cut, split and balanced.

    Args:
        bands: bands of the chips, counted from 1.
        chip: side of a chip, pixels; a multiple of 16 suits the networks.
        stride: step from chip to chip, pixels; None for the chip's side, without overlap.
        val_share: of the landslides and of the ground for validation, in [0, 1); None for 0.2, or
            for 0 where whole scenes validate.
        block_size: side of the blocks that go to one side as a whole: chips, as ``4``, or metres,
            as ``2500m``.
        gap: empty ground between training and validation chips, at least, pixels of the first
            scene. Training chips that are closer are left out; 0 lets the two sides adjoin, and
            so a landslide lie in both.
        background_ratio: chips without landslides kept for each chip with landslides; see
            ``balance`` for the default.
        random: so many chips at random places of the training ground, in place of a grid that
            is balanced; None for the grid.
        random_val: likewise of the validation ground.
        max_nodata: largest share of nodata that a chip may have, in [0, 1).
        all_touched: label pixels that a polygon touches without their centre, too.
        nodata: values of the images that are no data, besides what they declare.
        by_colour: take for bands 1, 2, 3 those that an image calls red, green and blue.
        seed: of the split and of the choice of background.

    Raises:
        ConfigError: if a number is out of its range.
    """

    bands: tuple[int, ...] = (1, 2, 3)
    chip: int = 512
    stride: int | None = None
    val_share: float | None = None
    block_size: str = '4'
    gap: int = 1
    background_ratio: float = 0.0
    random: int | None = None
    random_val: int | None = None
    max_nodata: float = 0.5
    all_touched: bool = False
    nodata: tuple[float, ...] = ()
    by_colour: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.chip < 16 or not 1 <= self.step <= self.chip:
            raise ConfigError(
                f'chips of {self.chip} pixels with stride {self.step} cannot be cut; give chips of '
                f'at least 16 pixels and a stride in [1, chip]'
            )
        if not 0 <= self.max_nodata < 1 or self.gap < 0:
            raise ConfigError(
                f'the nodata share is {self.max_nodata} and the gap {self.gap}; give a share in '
                f'[0, 1) and a gap of at least 0 pixels'
            )
        if self.val_share is not None and not 0 <= self.val_share < 1:
            raise ConfigError(f'the validation share is {self.val_share}; give a number in [0, 1)')
        for count in (self.random, self.random_val):
            if count is not None and count < 1:
                raise ConfigError(f'the number of random chips is {count}; give at least 1')

    def share(self, *, whole_scenes: bool) -> float:
        """Return the validation share of the ground.

        Args:
            whole_scenes: whether there are scenes that validate as a whole.

        Raises:
            ConfigError: if there are and a share is wanted besides.
        """
        if not whole_scenes:
            return VAL_SHARE if self.val_share is None else self.val_share
        if self.val_share:
            raise ConfigError(
                f'a validation share of {self.val_share} and images that validate as a whole '
                f'exclude each other; give one of --val-share and --val-image'
            )
        return 0.0

    @property
    def step(self) -> int:
        """Stride in pixels."""
        return self.chip if self.stride is None else self.stride
