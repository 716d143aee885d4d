"""Labelled images without a place, averaged to larger pixels and mapped as scenes are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from rasterio.windows import Window

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.batch_reader import make_chip
from dfpenet_mm.mapping.scene.novelty import describe_ground
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource
from dfpenet_mm.reliability import ProbabilityCounts
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

# Windows of one image of training ground, at most, so that no image outweighs the rest.
GROUND_WINDOWS = 12
# A projection in metres: images without a place are given one to be mapped as scenes.
SOMEWHERE = 'EPSG:32654'


def shrink(band: np.ndarray, factor: float) -> np.ndarray:
    """Average a band, shape (rows, cols), to pixels about ``factor`` times larger; float64."""
    for axis, side in enumerate(band.shape):
        edges = np.linspace(0, side, max(1, round(side / factor)) + 1)
        sums = np.insert(np.cumsum(band, axis=axis, dtype=np.float64), 0, 0, axis=axis)
        below = np.minimum(edges.astype(int), side - 1)
        part = np.expand_dims(edges - below, 1 - axis)
        # Up to an edge inside a pixel, the sum grows as much as the edge has gone into it.
        low, high = (np.take(sums, at, axis=axis) for at in (below, below + 1))
        width = edges[1]
        band = np.diff(low + part * (high - low), axis=axis) / width
    return band


def coarser(bands: np.ndarray, labels: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Average an image and its labels; a coarse pixel is landslide from one half on.

    Args:
        bands: shape (B, H, W).
        labels: shape (H, W), 1 for landslide, 255 for unknown.
        factor: of the pixel size, at least 1.

    Returns:
        Both, smaller; labels of more than half unknown pixels are 255.
    """
    if factor == 1:
        return bands, labels
    unknown = shrink(labels == IGNORED, factor) > 0.5
    landslide = shrink(labels == LANDSLIDE, factor) >= 0.5
    smaller = np.stack([shrink(band, factor) for band in bands])
    return smaller, np.where(unknown, IGNORED, landslide).astype(np.uint8)


class LabelledMapper:
    """Maps images as ``landslide-map`` maps scenes, and counts their probabilities.

    Args:
        predictor: the network.
        scaling: what is fitted to every scene.
        window: side of a window, pixels.
        stride: step from window to window, pixels.
        batch_size: most windows in one call of the predictor.
    """

    def __init__(
        self, predictor: Predictor, *, scaling: Scaling, window: int, stride: int, batch_size: int
    ) -> None:
        self._predictor = predictor
        self._scaling = scaling
        self._window = window
        self._plan = partial(WindowPlan, window=window, stride=stride, batch_size=batch_size)

    def chip(self, bands: np.ndarray, labels: np.ndarray) -> ProbabilityCounts:
        """Count a chip in training units, shape (B, H, W), as large as a window; labels (H, W)."""
        return count(self._predictor(bands[None])[0], labels)

    def scene(self, bands: np.ndarray, labels: np.ndarray, metres: float) -> ProbabilityCounts:
        """Count an image of any size and units, shape (B, H, W); labels (H, W), pixels in metres.

        Raises:
            EmptySceneError: if it has no contrast.
        """
        with TemporaryDirectory() as folder, self._opened(bands, Path(folder), metres) as scene:
            probability = Path(folder) / 'probability.tif'
            map_scene(
                scene=scene,
                task=BlockTask(
                    scene=SceneSource.of(scene),
                    plan=self._plan(scene.shape),
                    scaling=self._scaling.fit(scene),
                ),
                executor=LocalExecutor(predictor=self._predictor),
                threshold=1.0,
                probability=probability,
                mask=Path(folder) / 'mask.tif',
            )
            with rasterio.open(probability) as dataset:
                return count(dataset.read(1), labels)

    def ground(self, bands: np.ndarray, metres: float) -> Iterator[np.ndarray]:
        """Describe windows of an image, shape (B, H, W), as it is and as mapping would scale it.

        An image without contrast has none.
        """
        try:
            with TemporaryDirectory() as folder, self._opened(bands, Path(folder), metres) as scene:
                scaling = self._scaling.fit(scene)
        except EmptySceneError:
            return
        side = self._window
        windows = [w for b in WindowPlan(bands.shape[1:], side, side).blocks for w in b.windows]
        chosen = np.linspace(0, len(windows) - 1, min(GROUND_WINDOWS, len(windows))).round()
        for window in (windows[int(place)] for place in chosen):
            for used in (scaling, FittedScaling((1.0,) * len(bands), (0.0,) * len(bands))):
                yield describe_ground(self._chip_of(bands, window, used, side))

    @staticmethod
    def _chip_of(
        bands: np.ndarray, window: Window, scaling: FittedScaling, side: int
    ) -> np.ndarray:
        rows, cols = window.toslices()
        pixels = bands[:, rows, cols].astype(np.float32)
        return make_chip(pixels, np.ones(pixels.shape[1:], bool), scaling, side)

    def _opened(self, bands: np.ndarray, folder: Path, metres: float) -> Scene:
        path = folder / 'image.tif'
        shape = {'count': len(bands), 'height': bands.shape[1], 'width': bands.shape[2]}
        place = rasterio.transform.from_origin(500_000, 4_700_000, metres, metres)
        with rasterio.open(
            path, 'w', driver='GTiff', dtype='float32', crs=SOMEWHERE, transform=place, **shape
        ) as dataset:
            dataset.write(bands.astype(np.float32))
        return Scene(path, bands=range(1, len(bands) + 1), by_colour=False)


def count(probability: np.ndarray, labels: np.ndarray) -> ProbabilityCounts:
    """Count the labelled pixels of an image by probability and truth."""
    known = labels != IGNORED
    return ProbabilityCounts.of(probability[known], labels[known] == LANDSLIDE)
