"""A run as its figures show it: stages and reference on one coarse grid, computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import maximum_filter

from dfpenet_mm.class_rasters import burn, in_pixels, limited, read_reduced, reduced
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.palette import hook_words
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.report.shown_inventory import numbers_in
from dfpenet_mm.vocabulary import Verdict

# A hook that takes a smaller share of the area, and no region, has tidied outlines.
LEAST_SHARE = 0.01
_NOTHING = gpd.GeoDataFrame(geometry=[])


@dataclass(frozen=True)
class InventoryStage:
    """The inventory behind one hook.

    Args:
        number: 0 for what the network recognised, then 1, 2, ...
        name: of the hook in words, or ``network``.
        landslides: how many there were.
        area_m2: their area.
        removed: outlines of what the hook took away, in the scene's pixels. What it only cut
            off a landslide is not among them.
        scores: precision, recall and IoU by pixels, if an evaluator stood behind the hook.
    """

    number: int
    name: str
    landslides: int
    area_m2: float
    removed: np.ndarray
    scores: Mapping[str, float | None] | None


def areas_m2(table: gpd.GeoDataFrame, grid: RasterGrid) -> np.ndarray:
    """Return the areas in the table; where it has no number, what the centre's pixel size gives."""
    told = numbers_in(table, 'area_m2')
    if not np.isnan(told).any():
        return told
    # An analyst draws landslides without an area, and a spreadsheet makes text of numbers.
    return np.where(
        np.isnan(told), shapely.area(in_pixels(table.geometry, grid)) * grid.gsd**2, told
    )


def run_stages(products: RunProducts) -> list[InventoryStage]:
    """Rebuild what was there before the hooks, and behind every hook that took something away.

    Returns:
        First what the network recognised, last the inventory.
    """
    grid, records = products.grid, list(products.summary.get('hooks', ()))
    steps = [_Step('network', -1, _NOTHING), *_steps(records, products.rejected)]
    evaluated = _scores_by_record(records, products.summary.get('results', {}))
    ends = [step.record for step in steps[1:]] + [len(records)]
    counts = np.array([len(step.rejected) for step in steps])
    areas = np.array([areas_m2(step.rejected, grid).sum() for step in steps])
    left = len(products.landslides), areas_m2(products.landslides, grid).sum()
    stages = []
    for number, (step, end) in enumerate(zip(steps, ends, strict=True)):
        # What a hook says of itself counts cut pixels too; of others the tables tell.
        count, area = step.after(records) or (
            left[0] + counts[number + 1 :].sum(),
            left[1] + areas[number + 1 :].sum(),
        )
        behind = [evaluated[index] for index in range(step.record + 1, end) if index in evaluated]
        stages.append(
            InventoryStage(
                number=number,
                name=hook_words(step.hook),
                landslides=int(count),
                area_m2=float(area),
                removed=in_pixels(step.rejected.geometry, grid),
                scores=behind[0] if behind else None,
            )
        )
    return stages


@dataclass(frozen=True)
class _Step:
    """One hook that took something away.

    Args:
        hook: its name, or ``network``.
        record: its place among the hooks: -1 before all of them, their number where a table of
            rejected regions names a hook that is none of them.
        rejected: regions.
    """

    hook: str
    record: int
    rejected: gpd.GeoDataFrame

    def after(self, records: Sequence[Mapping[str, Any]]) -> tuple[int, float] | None:
        """Return number and area of what was there afterwards; None if no record tells."""
        if self.record < 0:
            return (records[0]['regions_in'], records[0]['area_m2_in']) if records else None
        if self.record == len(records):
            return None
        return records[self.record]['regions_out'], records[self.record]['area_m2_out']


def _steps(
    records: Sequence[Mapping[str, Any]], rejected: gpd.GeoDataFrame | None
) -> Iterator[_Step]:
    """Match what was rejected with the hooks' records.

    What several hooks of one name rejected cannot be told apart: it goes with the first of them.
    """
    groups = {} if rejected is None else dict(iter(rejected.groupby('hook', sort=False)))
    for index, record in enumerate(records):
        hook = record['hook']
        gone = record['regions_in'] - record['regions_out']
        loss = record['area_m2_in'] - record['area_m2_out']
        if gone <= 0 and loss <= LEAST_SHARE * record['area_m2_in'] and hook not in groups:
            continue
        # A hook may sign its rejections with another name than its own.
        signed = [name for name, table in groups.items() if len(table) == gone]
        name = hook if hook in groups or not signed else signed[0]
        yield _Step(hook, index, groups.pop(name, _NOTHING))
    yield from (_Step(str(hook), len(records), table) for hook, table in groups.items())


def _scores_by_record(
    records: Sequence[Mapping[str, Any]], results: Mapping[str, Any]
) -> dict[int, Mapping[str, Any]]:
    """Return the pixel scores of every evaluator by its place among the hooks."""
    seen: Counter[str] = Counter()
    scores = {}
    for index, record in enumerate(records):
        hook = record['hook']
        seen[hook] += 1
        result = results.get(hook if seen[hook] == 1 else f'{hook}_{seen[hook]}')
        if isinstance(result, Mapping) and result.get('reference') and 'pixels' in result:
            scores[index] = result['pixels']
    return scores


# Most rows or columns that polygons are burnt to before their classes are counted by cell.
BURN_SIDE = 3000
IN_REFERENCE = (Verdict.TP, Verdict.FN, Verdict.FN_AT_BOUNDARY)
# What is left at the end, and what the first hook removed; further hooks follow.
LEFT, FIRST_REMOVED = 1, 2


class RunView:
    """Data of a run that several figures share.

    Args:
        products: of the run.
    """

    def __init__(self, products: RunProducts) -> None:
        self.products = products

    @cached_property
    def stages(self) -> list[InventoryStage]:
        """First what the network recognised, last the inventory."""
        return run_stages(self.products)

    @property
    def has_reference(self) -> bool:
        """True if the run was compared with a reference."""
        return self.products.evaluation_file('.tif') is not None

    def fates(self, side: int) -> np.ndarray:
        """Return what became of every region.

        Args:
            side: most rows or columns wanted.

        Returns:
            uint8: ``LEFT``, ``FIRST_REMOVED`` + k where the hook of stage k + 1 removed
            something, 0 elsewhere.
        """
        return self._coarse(self._fates, side)

    def kept_and_removed(self, stage: int, side: int) -> np.ndarray:
        """Return 1 for what a stage left, 2 for what it removed, 0 elsewhere."""
        kept = self._kept(stage).astype(np.uint8)
        if stage:
            kept[self._fates == FIRST_REMOVED + stage - 1] = 2
        return self._coarse(kept, side)

    def reference(self, side: int) -> np.ndarray:
        """Return the reference, 1 where there is a landslide."""
        return self._coarse(np.isin(self._verdicts, IN_REFERENCE).astype(np.uint8), side)

    def judged(self, stage: int, side: int) -> np.ndarray:
        """Return hits, false alarms and misses of a stage; codes as of ``judged_again``."""
        return self._coarse(judged_again(self._verdicts, self._kept(stage)), side)

    def _kept(self, stage: int) -> np.ndarray:
        removed_later = self._fates >= FIRST_REMOVED + stage
        return (self._fates == LEFT) | removed_later

    def _coarse(self, classes: np.ndarray, side: int) -> np.ndarray:
        return reduced(classes, limited(self.products.grid.shape, side))

    @cached_property
    def _fates(self) -> np.ndarray:
        scene = self.products.grid.shape
        removed = [stage.removed for stage in self.stages[1:]]
        shapes = [*removed, in_pixels(self.products.landslides.geometry, self.products.grid)]
        values = [*range(FIRST_REMOVED, FIRST_REMOVED + len(removed)), LEFT]
        return burn(
            np.concatenate(shapes),
            scene,
            limited(scene, BURN_SIDE),
            np.repeat(values, [len(part) for part in shapes]),
        )

    @cached_property
    def _verdicts(self) -> np.ndarray:
        path = self.products.evaluation_file('.tif')
        if path is None:
            raise LookupError('the run was not compared with a reference: ask has_reference first')
        return read_reduced(path, limited(self.products.grid.shape, BURN_SIDE))


def judged_again(verdicts: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Judge a map by the reference behind the verdicts on another map.

    Args:
        verdicts: codes, uint8, shape (rows, cols).
        predicted: the map to judge, True on landslides, same shape.

    Returns:
        ``TP``, ``FP`` and ``FN``; 0 elsewhere, 255 where nothing is compared.
    """
    true = np.isin(verdicts, IN_REFERENCE)
    judged = np.zeros_like(verdicts)
    judged[predicted] = Verdict.FP
    judged[true] = np.where(predicted[true], Verdict.TP, Verdict.FN)
    judged[verdicts == Verdict.NOT_COMPARED] = Verdict.NOT_COMPARED
    return judged


def with_specks(picture: np.ndarray, *, over: int) -> np.ndarray:
    """Widen classes by a cell into the background, so that specks are seen on a page.

    Args:
        picture: classes, uint8, shape (rows, cols).
        over: classes above this one are widened.
    """
    wide = maximum_filter(np.where(picture > over, picture, 0), size=3)
    return np.where((picture == 0) & (wide > 0), wide, picture)
