"""Merge blocks into rows, and rows into the products of a scene."""

from __future__ import annotations

import operator
from collections.abc import Collection
from dataclasses import astuple, dataclass

import numpy as np
import rasterio

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.mapping.blocks.block import BlockResult, from_levels
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.plan.blending import axis_weights, segment_weights
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan
from dfpenet_mm.mapping.products.writer import RowWriter
from dfpenet_mm.vocabulary import LANDSLIDE, NODATA


@dataclass(frozen=True)
class Strip:
    """Rows of a scene, all columns wide.

    Args:
        row_off: first row.
        probability: probability of landslide, float32, shape (rows, cols); undefined
            where not valid.
        valid: where the scene is mapped, bool, shape (rows, cols).
    """

    row_off: int
    probability: np.ndarray
    valid: np.ndarray


class RowMerger:
    """Adds up blocks in the plan's order and hands out rows once they are final.

    Sums of floating-point numbers depend on their order: since that is the plan's, no pixel tells
    when, where or by whom a block was predicted. Holds ``window x width`` pixels of 5 bytes,
    whatever the height of the scene.

    Args:
        plan: the plan of the scene; every one of its blocks must be added, in order.
    """

    def __init__(self, plan: WindowPlan) -> None:
        rows, cols = plan.shape
        self._ends = (*plan.row_offsets[1:], rows)
        self._row_weights = axis_weights(plan.row_offsets, plan.window, plan.stride, rows)
        weights = axis_weights(plan.col_offsets, plan.window, plan.stride, cols)
        self._col_weights = segment_weights(plan.segments, weights)
        self._probability = np.zeros((plan.window_shape[0], cols), np.float32)
        self._valid = np.zeros(self._probability.shape, bool)
        self._handed_out = 0

    def add(self, block: Block, result: BlockResult) -> Strip:
        """Add a block and return the rows that no later block touches.

        Args:
            block: the next block of the plan.
            result: what predicting it gave.

        Returns:
            Final rows from the block's first on; none but for the last block of a row, then
            their count is the step to the next row, or for the last row its height. They are
            the merger's own, lent until the next call; they may be overwritten.
        """
        self._forget_handed_out()
        columns = slice(block.col_off, block.col_off + block.width)
        values = from_levels(result.levels)
        values *= self._col_weights[block.segment]
        values *= self._row_weights[block.row][:, np.newaxis]
        self._probability[:, columns] += values
        self._valid[:, columns] |= result.valid
        if block.segment == len(self._col_weights) - 1:
            self._handed_out = self._ends[block.row] - block.row_off
        rows = slice(0, self._handed_out)
        return Strip(block.row_off, self._probability[rows], self._valid[rows])

    def _forget_handed_out(self) -> None:
        if not self._handed_out:
            return
        for buffer in (self._probability, self._valid):
            kept = len(buffer) - self._handed_out
            buffer[:kept] = buffer[self._handed_out :]
            buffer[kept:] = 0
        self._handed_out = 0


# Rows turned into pixels of the products at once: what a processor's cache holds of a wide scene.
ROWS = 32


@dataclass(frozen=True)
class MappingResult:
    """Counts of a mapped scene, and the time its prediction took.

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


def threshold_rows(
    strip: Strip, threshold: float, calibration: PlattScaling | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Turn final rows into the pixels of the products.

    Args:
        strip: final rows; its probability is overwritten.
        threshold: smallest probability of a landslide pixel, calibrated.
        calibration: makes a calibrated probability of the network's; None for that itself.

    Returns:
        Probability, float32 in [0, 1], NaN on nodata; and mask, uint8, 0 background, 1 landslide,
        255 nodata. Both have the strip's shape.
    """
    # Weights that add up to one but for rounding may overshoot by as much.
    probability = np.clip(strip.probability, 0, 1, out=strip.probability)
    if calibration is not None:
        probability = calibration.apply(probability)
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
        products: take the rows of the probability and of the mask.
        threshold: smallest probability of a landslide pixel, calibrated.
        calibration: of the network at the scene's pixel size; blocks are kept without it.
        store: keeps every block; a block that comes before its turn is then read back.
            Without one it waits in memory.
        finished: blocks that the store already holds.
    """

    def __init__(
        self,
        *,
        plan: WindowPlan,
        products: tuple[RowWriter, RowWriter],
        threshold: float,
        calibration: PlattScaling | None = None,
        store: BlockStore | None = None,
        finished: Collection[int] = (),
    ) -> None:
        self._plan = plan
        self._products = products
        self._threshold = threshold
        self._calibration = calibration
        self._store = store
        self._there = set(finished)
        self._waiting: dict[int, BlockResult] = {}
        self._read = store.read if store else self._waiting.pop
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
        result = self._waiting.pop(block.index, None) or self._read(block.index)
        rows = self._merger.add(block, result)
        run = result.windows_run
        self.total += MappingResult(run, len(block.windows) - run, result.seconds_predicted)
        for start in range(0, len(rows.valid), ROWS):
            part = slice(start, start + ROWS)
            self._write(Strip(rows.row_off + start, rows.probability[part], rows.valid[part]))

    def _write(self, rows: Strip) -> None:
        probability, mask = threshold_rows(rows, self._threshold, self._calibration)
        for writer, values in zip(self._products, (probability, mask), strict=True):
            writer.write(values)
        self.total += MappingResult(
            valid_pixels=int(np.count_nonzero(rows.valid)),
            landslide_pixels=int(np.count_nonzero(mask == LANDSLIDE)),
        )
