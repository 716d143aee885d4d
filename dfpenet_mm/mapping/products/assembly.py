"""Turn blocks that come in any order into the rows of the products."""

from __future__ import annotations

import operator
from collections.abc import Collection
from dataclasses import astuple, dataclass

import numpy as np
import rasterio

from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan
from dfpenet_mm.mapping.products.merger import RowMerger, Strip
from dfpenet_mm.mapping.products.writer import LANDSLIDE, NODATA, ProductWriter

# Rows turned into pixels of the products at once: what a processor's cache holds of a wide scene.
ROWS = 32


@dataclass(frozen=True)
class MappingResult:
    """What mapping a scene came to.

    Args:
        windows_run: windows given to the predictor.
        windows_skipped: windows without a valid pixel in the area of interest.
        seconds_predicted: time spent in the predictor, that of resumed runs included.
        valid_pixels: pixels mapped.
        landslide_pixels: pixels at or above the threshold.
    """

    windows_run: int = 0
    windows_skipped: int = 0
    seconds_predicted: float = 0.0
    valid_pixels: int = 0
    landslide_pixels: int = 0

    def __add__(self, other: MappingResult) -> MappingResult:
        return MappingResult(*map(operator.add, astuple(self), astuple(other)))


def threshold_rows(strip: Strip, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn final rows into the pixels of the products.

    Args:
        strip: final rows; its probability is overwritten.
        threshold: smallest probability of a landslide pixel.

    Returns:
        Probability, float32 in [0, 1], NaN on nodata; and mask, uint8, 0 background, 1 landslide,
        255 nodata. Both have the strip's shape.
    """
    # Weights that add up to one but for rounding may overshoot by as much.
    probability = np.clip(strip.probability, 0, 1, out=strip.probability)
    mask = (probability >= threshold).view(np.uint8)
    if not strip.valid.all():
        nodata = ~strip.valid
        probability[nodata] = np.nan
        mask[nodata] = NODATA
    return probability, mask


class Assembly:
    """Keeps blocks, merges them in the plan's order and writes the rows that are final.

    Args:
        plan: the plan of the scene.
        products: takes the rows.
        threshold: smallest probability of a landslide pixel.
        store: keeps every block; a block that comes before its turn is then read back.
            Without one it waits in memory.
        finished: blocks that the store already holds.
    """

    def __init__(
        self,
        *,
        plan: WindowPlan,
        products: ProductWriter,
        threshold: float,
        store: BlockStore | None = None,
        finished: Collection[int] = (),
    ) -> None:
        self._plan = plan
        self._products = products
        self._threshold = threshold
        self._store = store
        self._there = set(finished)
        self._waiting: dict[int, BlockResult] = {}
        self._merger = RowMerger(plan)
        self._next = 0
        self.total = MappingResult()

    def add(self, found: tuple[Block, BlockResult] | None) -> None:
        """Take a block in, in any order, and write what can be written.

        Args:
            found: a block and its result; one that came before is ignored. None writes what
                the store holds.

        Raises:
            OutputError: if the disk refuses.
        """
        # GDAL's settings belong to a thread.
        with rasterio.Env():
            if found and found[0].index not in self._there:
                self._keep(*found)
            while self._next in self._there:
                self._merge(self._plan.block(self._next))
                self._next += 1

    def _keep(self, block: Block, result: BlockResult) -> None:
        if self._store:
            self._store.write(block.index, result)
        if not self._store or block.index == self._next:
            self._waiting[block.index] = result
        self._there.add(block.index)

    def _merge(self, block: Block) -> None:
        result = self._waiting.pop(block.index, None) or self._store.read(block.index)
        rows = self._merger.add(block, result)
        run = result.windows_run
        self.total += MappingResult(run, len(block.windows) - run, result.seconds_predicted)
        for start in range(0, len(rows.valid), ROWS):
            part = slice(start, start + ROWS)
            self._write(Strip(rows.row_off + start, rows.probability[part], rows.valid[part]))

    def _write(self, rows: Strip) -> None:
        probability, mask = threshold_rows(rows, self._threshold)
        self._products.write(probability, mask)
        self.total += MappingResult(
            valid_pixels=int(np.count_nonzero(rows.valid)),
            landslide_pixels=int(np.count_nonzero(mask == LANDSLIDE)),
        )
