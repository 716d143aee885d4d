"""Map a scene: predict its blocks, blend them and write the products."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import rasterio

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.block import BlockPredictor, BlockResult
from dfpenet_mm.mapping.merger import RowMerger, Strip
from dfpenet_mm.mapping.predictor import Predictor
from dfpenet_mm.mapping.scaling import FittedScaling
from dfpenet_mm.mapping.scene import Scene
from dfpenet_mm.mapping.windows import Block, WindowPlan
from dfpenet_mm.mapping.writer import LANDSLIDE, NODATA, ProductWriter, open_products

# GDAL keeps decoded blocks up to a share of the machine's memory unless told. This holds the
# rows of blocks that two rows of windows share in a scene of 3 bytes a pixel, 80,000 wide.
CACHE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class MappingResult:
    """What mapping a scene came to.

    Args:
        windows_run: windows given to the predictor.
        windows_skipped: windows without a valid pixel.
        seconds_predicted: time spent in the predictor.
        valid_pixels: pixels with data.
        landslide_pixels: pixels at or above the threshold.
    """

    windows_run: int = 0
    windows_skipped: int = 0
    seconds_predicted: float = 0.0
    valid_pixels: int = 0
    landslide_pixels: int = 0

    def __add__(self, other: MappingResult) -> MappingResult:
        return MappingResult(*map(operator.add, astuple(self), astuple(other)))


class _Progress:
    """Counts settled windows for a callback."""

    def __init__(self, callback: Callable[[int, int], None] | None, total: int) -> None:
        self._callback = callback
        self._total = total
        self._done = 0

    def advance(self, windows: int) -> None:
        self._done += windows
        if self._callback:
            self._callback(self._done, self._total)


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
    mask = (probability >= threshold).astype(np.uint8) * np.uint8(LANDSLIDE)
    nodata = ~strip.valid
    probability[nodata] = np.nan
    mask[nodata] = NODATA
    return probability, mask


def map_scene(
    *,
    scene: Scene,
    scaling: FittedScaling,
    predictor: Predictor,
    window: int,
    stride: int,
    batch_size: int,
    threshold: float,
    probability: str | Path,
    mask: str | Path,
    progress: Callable[[int, int], None] | None = None,
) -> MappingResult:
    """Predict a scene into two rasters on its grid.

    Memory holds a few times ``window x width`` pixels and GDAL's cache of ``CACHE_BYTES``,
    whatever the height of the scene.

    Args:
        scene: the open scene.
        scaling: brings its values to training units.
        predictor: gives chips their probability of landslide.
        window: side of a window, pixels.
        stride: step from window to window, pixels, in [1, window].
        batch_size: most windows in one call of the predictor.
        threshold: smallest probability of a landslide pixel, in (0, 1].
        probability: where to write the probability: float32, NaN on nodata.
        mask: where to write the mask: uint8, 0 background, 1 landslide, 255 nodata.
        progress: called with the windows settled and their total.

    Returns:
        Counts of windows and pixels, and the predictor's time.

    Raises:
        ConfigError: if a number is out of its range.
        InputFileError: if the scene cannot be read to its end.
        PredictionError: if the predictor returns no probability.
        OutputError: if the rasters cannot be written. After any error both are as before.
    """
    plan = WindowPlan(scene.shape, window, stride, batch_size)
    if not 0 < threshold <= 1:
        raise ConfigError(f'threshold is {threshold}; give a probability in (0, 1]')
    predict = BlockPredictor(scene=scene, scaling=scaling, predictor=predictor, plan=plan)
    merger, counted = RowMerger(plan), _Progress(progress, len(plan))
    total = MappingResult()
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        open_products(probability=Path(probability), mask=Path(mask), grid=scene.grid) as products,
    ):
        for block in plan.blocks:
            result = predict(block, counted.advance)
            total += _write_block(block, result, merger, products, threshold)
            # A strip of a wide scene is large: let go of it before the next one is made.
            del result
    return total


def _write_block(
    block: Block,
    result: BlockResult,
    merger: RowMerger,
    products: ProductWriter,
    threshold: float,
) -> MappingResult:
    rows = merger.add(block, result.strip)
    probability, mask = threshold_rows(rows, threshold)
    products.write(probability, mask)
    return MappingResult(
        windows_run=result.windows_run,
        windows_skipped=len(block.windows) - result.windows_run,
        seconds_predicted=result.seconds_predicted,
        valid_pixels=int(np.count_nonzero(rows.valid)),
        landslide_pixels=int(np.count_nonzero(mask == LANDSLIDE)),
    )
