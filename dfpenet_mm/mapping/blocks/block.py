"""Put a block together from the predictions of its batches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import PredictionError
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.plan.blending import axis_weights, segment_weights
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan
from dfpenet_mm.mapping.scene.batch_reader import Batch

LEVELS = 65535


def to_levels(probability: np.ndarray) -> np.ndarray:
    """Round probabilities to levels.

    Args:
        probability: float32, any shape, finite; what rounding took out of [0, 1] is clipped. It
            is overwritten.

    Returns:
        uint16, same shape.
    """
    np.clip(probability, 0, 1, out=probability)
    probability *= LEVELS
    return np.rint(probability, out=probability).astype(np.uint16)


def from_levels(levels: np.ndarray) -> np.ndarray:
    """Return the probabilities of levels, float32, each the nearest one to level / 65535."""
    return np.divide(levels, np.float32(LEVELS), dtype=np.float32)


# How far rounding, at low precision too, may take a probability out of [0, 1].
TOLERANCE = 0.01


@dataclass(frozen=True)
class BlockResult:
    """A predicted block; it pickles.

    Args:
        levels: probability of landslide in the ``levels`` of 1/65535, its windows blended along
            the row: uint16, shape (rows, cols) of the block, 0 where not valid.
        valid: where it is mapped, bool, shape (rows, cols).
        windows_run: windows given to the predictor.
        seconds_predicted: time spent in the predictor.
    """

    levels: np.ndarray
    valid: np.ndarray
    windows_run: int
    seconds_predicted: float


def check_probabilities(probabilities: np.ndarray, windows: Sequence[Window], window: int) -> None:
    """Raise ``PredictionError`` unless these are probabilities of chips of side ``window``."""
    wanted = (len(windows), window, window)
    if probabilities.shape != wanted:
        raise PredictionError(
            f'the predictor returned shape {probabilities.shape} for {windows[0]}, wanted is '
            f'{wanted}; check that the network predicts at the size of its input'
        )
    low, high = float(probabilities.min()), float(probabilities.max())
    # Written so that NaN, which min and max hand on, fails too.
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise PredictionError(
            f'the predictor returned values from {low:g} to {high:g} for {windows[0]} or a '
            f'neighbour in its batch, wanted are probabilities; check the scaling and '
            f'the weights'
        )


class BlockBlender:
    """Knows the weights with which windows make a block.

    Args:
        plan: the plan of the scene.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self.window = plan.window
        weights = axis_weights(plan.col_offsets, plan.window, plan.stride, plan.shape[1])
        self._weights = dict(zip(plan.col_offsets, weights, strict=True))
        self._segments = segment_weights(plan.segments, weights)

    def within(self, block: Block, window: Window) -> np.ndarray:
        """Return a window's weights per column.

        Those of a pixel add up to 1 in the block, or to 0 where only a neighbour counts.
        """
        start = window.col_off - block.col_off
        segment = self._segments[block.segment][start : start + window.width]
        weights = self._weights[window.col_off]
        return np.divide(weights, segment, out=np.zeros_like(weights), where=segment > 0)


class BlockBuilder:
    """One block in the making.

    Args:
        block: the block.
        blender: the plan's weights.
    """

    def __init__(self, block: Block, blender: BlockBlender) -> None:
        self.block = block
        self._blender = blender
        self._probability = np.zeros((block.height, block.width), np.float32)
        self._valid = np.zeros((block.height, block.width), bool)
        self._run = 0
        self._seconds = 0.0

    def add(self, batch: Batch, predictor: Predictor) -> None:
        """Predict the block's next batch and blend it in.

        Raises:
            PredictionError: if the predictor returns no probability.
        """
        for window, wanted in zip(batch.windows, batch.wanted, strict=True):
            self._valid[:, self._columns(window)] |= wanted
        if batch.chips is None:
            return
        start = time.perf_counter()
        probabilities = predictor(batch.chips)
        self._seconds += time.perf_counter() - start
        check_probabilities(probabilities, batch.run, self._blender.window)
        for probability, window in zip(probabilities, batch.run, strict=True):
            weights = self._blender.within(self.block, window)
            cut = probability[: window.height, : window.width]
            self._probability[:, self._columns(window)] += cut * weights
        self._run += len(batch.run)

    def _columns(self, window: Window) -> slice:
        start = window.col_off - self.block.col_off
        return slice(start, start + window.width)

    def result(self) -> BlockResult:
        """Return the block; the builder has served."""
        levels = to_levels(self._probability)
        levels[~self._valid] = 0
        return BlockResult(levels, self._valid, self._run, self._seconds)
