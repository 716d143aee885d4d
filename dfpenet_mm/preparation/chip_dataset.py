"""From scenes and an inventory to a training set: survey, split, balance, write, draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scaling import Scaling
from dfpenet_mm.mapping.scene_checks import outline
from dfpenet_mm.preparation.chip_balance import balance
from dfpenet_mm.preparation.chip_plan import Chip
from dfpenet_mm.preparation.chip_report import ChipReport, SideCounts
from dfpenet_mm.preparation.chip_settings import ChipSettings
from dfpenet_mm.preparation.chip_sheet import draw_sheet
from dfpenet_mm.preparation.chip_source import ChipSource, require_landslides
from dfpenet_mm.preparation.chip_split import Split, far_enough, group_blocks, split_chips
from dfpenet_mm.preparation.chip_writer import INDEX, write_chips
from dfpenet_mm.preparation.complete_folder import SUMMARY, check_free, complete_folder
from dfpenet_mm.preparation.inventory_mask import window_transform
from dfpenet_mm.preparation.inventory_polygons import Inventory, read_inventory

# Scenes of one data set that differ more in pixel size are worth a note.
MAX_GSD_RATIO = 1.5

Stage = Callable[[str], Callable[[int, int], None]]


def _silent(_stage: str) -> Callable[[int, int], None]:
    return lambda _done, _total: None


def make_chip_dataset(
    images: Sequence[Path],
    inventory: Path,
    out: Path,
    settings: ChipSettings | None = None,
    *,
    layer: str | None = None,
    scaling: Scaling | None = None,
    overwrite: bool = False,
    origin: Callable[[], Mapping[str, Any]] = dict,
    stage: Stage = _silent,
) -> ChipReport:
    """Write a training set.

    Args:
        images: scenes, each in its own CRS and grid.
        inventory: vector file of landslides, in any CRS.
        out: folder of the data set: ``{train,val}/{images,masks}/*.tif``, ``chips.gpkg``,
            ``quick_look.png`` and ``summary.json``. It appears when all is complete.
        settings: how to cut; None for the defaults.
        layer: of the inventory.
        scaling: fitted to each scene, as when it is mapped; None keeps the scenes' values.
        overwrite: replace a data set that an earlier run wrote.
        origin: gives further facts for the summary, such as checksums of the inputs.
        stage: called with what begins, gives a callback for steps done and their total.

    Returns:
        What was written and what was left out.

    Raises:
        DfpenetError: a branch of it for whatever the user can mend; nothing is written then.
    """
    settings = settings or ChipSettings()
    check_free(out, overwrite=overwrite, marker=INDEX)
    landslides = read_inventory(inventory, layer)
    with ExitStack() as stack:
        sources = [
            stack.enter_context(
                ChipSource(
                    path,
                    landslides,
                    bands=settings.bands,
                    all_touched=settings.all_touched,
                    scaling=scaling,
                )
            )
            for path in images
        ]
        require_landslides(sources, landslides)
        _require_one_type(sources)
        surveyed, outlines = _survey(sources, settings, stage('survey'))
        sides, report = _choose(sources, landslides, settings, surveyed, outlines)
        with complete_folder(out, overwrite=overwrite, marker=INDEX) as folder:
            write_chips(folder, sources, sides, stage('write'))
            draw_sheet(folder, seed=settings.seed)
            summary = {
                **origin(),
                'settings': asdict(settings),
                'report': report.to_dict(),
            }
            text = json.dumps(summary, indent=2, ensure_ascii=False)
            (folder / SUMMARY).write_text(f'{text}\n', encoding='utf-8')
    return report


def _survey(
    sources: Sequence[ChipSource],
    settings: ChipSettings,
    progress: Callable[[int, int], None],
) -> tuple[list[Chip], list[shapely.Polygon]]:
    """Count the pixels of every chip there might be; and draw the blocks."""
    blocks: list[tuple[int, Window]] = []
    planned: list[Chip] = []
    for number, source in enumerate(sources):
        mine = source.blocks(settings.block_size, settings.chip)
        planned += source.plan(number, mine, len(blocks), settings.chip, settings.step)
        blocks += [(number, window) for window in mine]
    surveyed = []
    for chip in planned:
        surveyed.append(sources[chip.scene].count(chip))
        progress(len(surveyed), len(planned))
    return surveyed, _outlines(sources, blocks)


def _choose(
    sources: Sequence[ChipSource],
    inventory: Inventory,
    settings: ChipSettings,
    surveyed: Sequence[Chip],
    blocks: Sequence[shapely.Polygon],
) -> tuple[dict[str, tuple[Chip, ...]], ChipReport]:
    """Choose the chips of both sides."""
    usable = [chip for chip in surveyed if _has_data(chip, settings.max_nodata)]
    _require_labels(usable, inventory)
    rng = np.random.default_rng(settings.seed)
    scene_of = {chip.block: chip.scene for chip in surveyed}
    groups = group_blocks(blocks, [scene_of[index] for index in range(len(blocks))])
    split = _keep_apart(split_chips(usable, groups, settings.val_share, rng), sources, settings.gap)
    chosen = {'train': split.train} | ({'val': split.val} if split.val else {})
    sides = {side: balance(chips, settings.background_ratio, rng) for side, chips in chosen.items()}
    _require_both(sides)
    return sides, ChipReport(
        sides={side: SideCounts.of(chips) for side, chips in sides.items()},
        scenes={str(source.path): source.landslides for source in sources},
        features=inventory.features,
        mended=inventory.mended,
        ignored=inventory.ignored,
        unreachable=max(source.unreachable for source in sources),
        surveyed=len(surveyed),
        mostly_nodata=len(surveyed) - len(usable),
        too_close=split.too_close,
        surplus=sum(map(len, chosen.values())) - sum(map(len, sides.values())),
        notes=tuple(_notes(sources)),
    )


def _has_data(chip: Chip, max_nodata: float) -> bool:
    pixels = chip.window.height * chip.window.width
    return chip.valid > 0 and pixels - chip.valid <= max_nodata * pixels


def _keep_apart(split: Split, sources: Sequence[ChipSource], gap: int) -> Split:
    if not gap and len(sources) == 1:
        # Blocks of one scene do not overlap.
        return split
    train, val = (
        _outlines(sources, [(chip.scene, chip.window) for chip in chips])
        for chips in (split.train, split.val)
    )
    far = far_enough(train, val, gap)
    kept = tuple(chip for chip, keep in zip(split.train, far, strict=True) if keep)
    return Split(kept, split.val, len(split.train) - len(kept))


def _outlines(
    sources: Sequence[ChipSource], windows: Sequence[tuple[int, Window]]
) -> list[shapely.Polygon]:
    """Draw windows of all scenes in the pixels of the first."""
    first = sources[0].grid
    return [
        shapely.box(w.col_off, w.row_off, w.col_off + w.width, w.row_off + w.height)
        if number == 0
        else outline(_part(sources[number].grid, w), first)
        for number, w in windows
    ]


def _part(grid: RasterGrid, window: Window) -> RasterGrid:
    return RasterGrid(grid.crs, window_transform(grid, window), (window.height, window.width))


def _require_one_type(sources: Sequence[ChipSource]) -> None:
    types = {source.dtype.name: source.path for source in sources}
    if len(types) > 1:
        listed = ', '.join(f'{path} is {name}' for name, path in types.items())
        raise RasterFormatError(
            f'the images are of different types ({listed}), so their values are not alike; bring '
            f'them to one with gdal_translate -ot -scale, or make a data set of each'
        )


def _require_labels(chips: Sequence[Chip], inventory: Inventory) -> None:
    if not any(chip.landslide for chip in chips):
        raise GridMismatchError(
            f'the inventory {inventory.path} covers no pixel with data in {len(chips)} usable '
            f'chip(s); check that it is of the same area, and pass --all-touched if its polygons '
            f'are smaller than a pixel'
        )


def _require_both(sides: Mapping[str, Sequence[Chip]]) -> None:
    for side, chips in sides.items():
        if not any(chip.landslide for chip in chips):
            raise ConfigError(
                f'no chip with landslides is left for {side}; give a smaller gap, or smaller '
                f'blocks or chips'
            )


def _notes(sources: Sequence[ChipSource]) -> list[str]:
    notes = [
        f'{source.path} has no landslide of the inventory: all of it is background'
        for source in sources
        if not source.landslides
    ]
    sizes = [source.grid.gsd for source in sources]
    if max(sizes) > MAX_GSD_RATIO * min(sizes):
        notes.append(
            f'pixels are of {min(sizes):.3g} to {max(sizes):.3g} m: landslides of one size look '
            f'different in them'
        )
    return notes
