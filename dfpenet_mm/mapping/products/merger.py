"""Blend blocks into a scene with a buffer of one window's height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.blocks.levels import from_levels
from dfpenet_mm.mapping.plan.blending import axis_weights, segment_weights
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan


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
