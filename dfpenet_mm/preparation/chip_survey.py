"""What there is to choose from: the blocks of all scenes and the chips of their grids, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shapely
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from dfpenet_mm.preparation.chip_overlap import each_once
from dfpenet_mm.preparation.chip_plan import Chip
from dfpenet_mm.preparation.chip_source import ChipSource
from dfpenet_mm.preparation.inventory_mask import window_transform


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
    """
    blocks: list[Chip] = []
    planned: list[Chip] = []
    for number, source in enumerate(sources):
        windows = source.blocks(block_size, side)
        planned += source.plan(number, windows, len(blocks), side, step)
        blocks += [Chip(number, index, w) for index, w in enumerate(windows, start=len(blocks))]
    counted, hidden = [], 0
    for chip, fresh in each_once(planned, side):
        source = sources[chip.scene]
        counted.append(source.count(chip))
        if counted[-1].valid < fresh.size:
            hidden += source.count_hidden(chip, fresh)
        progress(len(counted), len(planned))
    return Survey(tuple(blocks), tuple(counted), hidden)


def outlines(sources: Sequence[ChipSource], chips: Sequence[Chip]) -> list[shapely.Polygon]:
    """Draw chips or blocks of all scenes in the pixels of the first."""
    first = sources[0].grid
    return [
        _box(chip.window)
        if chip.scene == 0
        else outline(_part(sources[chip.scene].grid, chip.window), first)
        for chip in chips
    ]


def _box(window: Window) -> shapely.Polygon:
    left, top = window.col_off, window.row_off
    return shapely.box(left, top, left + window.width, top + window.height)


def _part(grid: RasterGrid, window: Window) -> RasterGrid:
    return RasterGrid(grid.crs, window_transform(grid, window), (window.height, window.width))
