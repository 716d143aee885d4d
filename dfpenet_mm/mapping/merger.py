"""Blend blocks into a scene with a buffer of one window's height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dfpenet_mm.mapping.blending import axis_weights
from dfpenet_mm.mapping.windows import Block, WindowPlan


@dataclass(frozen=True)
class Strip:
    """Rows of a scene, all columns wide.

    Args:
        row_off: first row.
        probability: probability of landslide, float32, shape (rows, cols); undefined
            where not valid.
        valid: where the scene has data, bool, shape (rows, cols).
    """

    row_off: int
    probability: np.ndarray
    valid: np.ndarray


class RowMerger:
    """Adds up blocks from top to bottom and hands out rows once they are final.

    Holds ``window x width`` float32 values, whatever the height of the scene.

    Args:
        plan: the plan of the scene; every one of its blocks must be added, in order.
    """

    def __init__(self, plan: WindowPlan) -> None:
        rows, cols = plan.shape
        self._ends = (*plan.row_offsets[1:], rows)
        self._weights = axis_weights(plan.row_offsets, plan.window, rows)
        self._buffer = np.zeros((plan.window_shape[0], cols), np.float32)

    def add(self, block: Block, strip: Strip) -> Strip:
        """Add a block and return the rows that no later block touches.

        Args:
            block: the next block of the plan.
            strip: its windows, blended along the row; its arrays become the result's.

        Returns:
            Final rows from the block's first on; their count is the step to the next
            block, or for the last block its height.
        """
        values = strip.probability
        values *= self._weights[block.index][:, np.newaxis]
        self._buffer += values
        rows = self._ends[block.index] - block.row_off
        # The strip has served; a wide scene's rows are too large to allocate once more.
        final = values[:rows]
        final[:] = self._buffer[:rows]
        self._advance(rows)
        return Strip(block.row_off, final, strip.valid[:rows])

    def _advance(self, rows: int) -> None:
        kept = self._buffer.shape[0] - rows
        self._buffer[:kept] = self._buffer[rows:]
        self._buffer[kept:] = 0
