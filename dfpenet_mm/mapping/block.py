"""Predict one block: a pure function of the scene, the plan and the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import PredictionError
from dfpenet_mm.mapping.blending import axis_weights
from dfpenet_mm.mapping.chips import make_chip
from dfpenet_mm.mapping.merger import Strip
from dfpenet_mm.mapping.predictor import Predictor
from dfpenet_mm.mapping.scaling import FittedScaling
from dfpenet_mm.mapping.scene import Scene
from dfpenet_mm.mapping.windows import Block, WindowPlan

# How far rounding, at low precision too, may take a probability out of [0, 1].
TOLERANCE = 0.01


@dataclass(frozen=True)
class BlockResult:
    """What predicting a block gave.

    Args:
        strip: the block's rows, its windows blended along the row.
        windows_run: windows given to the predictor.
        seconds_predicted: time spent in the predictor.
    """

    strip: Strip
    windows_run: int
    seconds_predicted: float


class BlockPredictor:
    """Reads, predicts and blends the windows of one block after the other.

    Args:
        scene: the open scene.
        scaling: brings its values to training units.
        predictor: gives chips their probability of landslide.
        plan: windows over the scene.
    """

    def __init__(
        self, *, scene: Scene, scaling: FittedScaling, predictor: Predictor, plan: WindowPlan
    ) -> None:
        self._scene = scene
        self._scaling = scaling
        self._predictor = predictor
        self._plan = plan
        weights = axis_weights(plan.col_offsets, plan.window, plan.shape[1])
        self._weights = dict(zip(plan.col_offsets, weights, strict=True))

    def __call__(
        self, block: Block, on_windows: Callable[[int], None] | None = None
    ) -> BlockResult:
        """Predict a block.

        Args:
            block: a block of the plan.
            on_windows: told how many windows were settled, after every batch.

        Returns:
            The block's strip and its counts.

        Raises:
            InputFileError: if the scene cannot be read.
            PredictionError: if the predictor returns no probability.
        """
        shape = (block.height, self._plan.shape[1])
        strip = Strip(block.row_off, np.zeros(shape, np.float32), np.zeros(shape, bool))
        run, seconds = 0, 0.0
        for batch in block.batches:
            windows, chips = self._read(batch, strip.valid)
            if chips:
                start = time.perf_counter()
                probabilities = self._predictor(np.stack(chips))
                seconds += time.perf_counter() - start
                self._check(probabilities, windows)
                self._blend(probabilities, windows, strip.probability)
            run += len(windows)
            if on_windows:
                on_windows(len(batch))
        return BlockResult(strip, run, seconds)

    def _read(
        self, batch: Sequence[Window], valid_strip: np.ndarray
    ) -> tuple[list[Window], list[np.ndarray]]:
        """Read a batch into chips, leaving out windows without a valid pixel."""
        windows, chips = [], []
        for window in batch:
            bands, valid = self._scene.read(window)
            valid_strip[:, window.col_off : window.col_off + window.width] = valid
            if valid.any():
                windows.append(window)
                chips.append(make_chip(bands, valid, self._scaling, self._plan.window))
        return windows, chips

    def _check(self, probabilities: np.ndarray, windows: Sequence[Window]) -> None:
        wanted = (len(windows), self._plan.window, self._plan.window)
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

    def _blend(
        self, probabilities: np.ndarray, windows: Sequence[Window], strip: np.ndarray
    ) -> None:
        for probability, window in zip(probabilities, windows, strict=True):
            cut = probability[: window.height, : window.width]
            columns = slice(window.col_off, window.col_off + window.width)
            strip[:, columns] += cut * self._weights[window.col_off]
