"""Networks compared on the ground that judges, with intervals over its blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import rasterio
import shapely
from rasterio.windows import Window

from dfpenet_mm.calibration import PlattScaling, fit_platt
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource
from dfpenet_mm.reliability import ProbabilityCounts
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.teaching.ground import ReviewedGround
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

RESAMPLES = 2000
INTERVAL = (2.5, 97.5)
# A network replaces another if it is better in so many of the resamples.
SURE = 0.9
THRESHOLDS = np.arange(5, 96) / 100


@dataclass(frozen=True, eq=False)
class JudgedPixels:
    """Probabilities of a network on the ground that judges.

    Args:
        probability: of every known pixel, shape (pixels,), not calibrated.
        landslide: the truth, bool, shape (pixels,).
        block: number of the block, shape (pixels,).
        blocks: how many blocks there are.
        pixel_area: square metres.
    """

    probability: np.ndarray
    landslide: np.ndarray
    block: np.ndarray
    blocks: int
    pixel_area: float

    def counts(self, among: np.ndarray | None = None) -> ProbabilityCounts:
        """Count pixels by probability and truth, those of some blocks or of all."""
        kept = slice(None) if among is None else np.isin(self.block, among)
        return ProbabilityCounts.of(self.probability[kept], self.landslide[kept])

    def outcomes(self, threshold: np.ndarray | float) -> np.ndarray:
        """Measure hits, false alarms and misses of every block.

        Args:
            threshold: smallest probability called landslide, one or one for each block.

        Returns:
            Square metres, shape (blocks, 3).
        """
        limits = np.broadcast_to(threshold, self.blocks)
        called = self.probability >= limits[self.block]
        kinds = (called & self.landslide, called & ~self.landslide, ~called & self.landslide)
        sums = [np.bincount(self.block, kind, self.blocks) for kind in kinds]
        return np.stack(sums, axis=1) * self.pixel_area

    def fair_outcomes(self) -> np.ndarray:
        """Measure the same, each half of the blocks at the best threshold of the other half."""
        hit = np.bincount(self.block, self.landslide, self.blocks)
        order = np.argsort(-hit, kind='stable')
        half = np.zeros(self.blocks, int)
        # Of every four the first and the last: halves of about as many landslides.
        half[order] = np.isin(np.arange(self.blocks) % 4, (1, 2))
        limits = [best_threshold(self.counts(np.flatnonzero(half != side))) for side in (0, 1)]
        return self.outcomes(np.array(limits)[half])

    def save(self, path: Path) -> None:
        """Keep it for a lesson that is resumed."""
        with whole_file(path) as part, part.open('wb') as file:
            np.savez(
                file,
                probability=self.probability,
                landslide=self.landslide,
                block=self.block,
                rest=np.array([self.blocks, self.pixel_area]),
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` kept."""
        with np.load(path) as kept:
            blocks, area = kept['rest']
            return cls(
                kept['probability'], kept['landslide'], kept['block'], int(blocks), float(area)
            )


def best_threshold(counts: ProbabilityCounts) -> float:
    """Return the smallest probability called landslide that gives the best IoU.

    Args:
        counts: with or without a landslide; without one it is 0.5.

    Returns:
        Of several that are as good the middle.
    """
    if not counts.landslide.any():
        return 0.5
    hits = np.cumsum(counts.landslide[::-1])[::-1]
    named = np.cumsum(counts.pixels[::-1])[::-1]
    score = hits / (named + counts.landslide.sum() - hits)
    best = np.flatnonzero(score == score.max())
    return float(counts.values[[best[0], best[-1]]].mean())


def iou(outcomes: np.ndarray) -> float:
    """Return the IoU of summed outcomes, shape (..., 3); 0 where there is nothing."""
    hits, *faults = np.moveaxis(outcomes, -1, 0).sum(axis=-1)
    total = hits + sum(faults)
    return float(hits / total) if total else 0.0


def resampled_iou(outcomes: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the IoU of resampled blocks, shape (draws,)."""
    sums = draws @ outcomes
    return sums[:, 0] / np.maximum(sums.sum(axis=1), np.finfo(float).tiny)


def block_draws(blocks: int, seed: int) -> np.ndarray:
    """Draw blocks with replacement: how often each is taken, shape (RESAMPLES, blocks)."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 17)))
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), RESAMPLES).astype(float)


@dataclass(frozen=True)
class Comparison:
    """The IoU of a network on the ground that judges, compared with the one before.

    Args:
        iou: of landslides, in [0, 1].
        interval: of 95 %.
        gain: IoU less that of the network before.
        gain_interval: of 95 %, both judged on the same resampled blocks.
        better: share of the resamples in which it is better.
    """

    iou: float
    interval: tuple[float, float]
    gain: float = 0.0
    gain_interval: tuple[float, float] = (0.0, 0.0)
    better: float = 0.0

    @classmethod
    def of(cls, outcomes: np.ndarray, before: np.ndarray, seed: int) -> Self:
        """Compare the outcomes of blocks, shape (blocks, 3)."""
        draws = block_draws(len(outcomes), seed)
        own = resampled_iou(outcomes, draws)
        gains = own - resampled_iou(before, draws)
        return cls(
            iou(outcomes),
            _interval(own),
            iou(outcomes) - iou(before),
            _interval(gains),
            float((gains > 0).mean()),
        )

    @property
    def sure(self) -> bool:
        """True if it is better beyond the luck of which blocks judge."""
        return self.gain > 0 and self.better >= SURE

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            'iou': round(self.iou, 4),
            'iou_95': [round(end, 4) for end in self.interval],
            'gain': round(self.gain, 4),
            'gain_95': [round(end, 4) for end in self.gain_interval],
            'better_in': round(self.better, 3),
        }


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, INTERVAL)
    return float(low), float(high)


@dataclass(frozen=True)
class Meaning:
    """Calibration and threshold, fitted on the ground that judges.

    Args:
        platt: of the network's probability.
        threshold: smallest calibrated probability of a landslide pixel.
    """

    platt: PlattScaling
    threshold: float

    @classmethod
    def fit(cls, judgement: JudgedPixels) -> Self | None:
        """Fit both; None where the probability tells landslides from nothing."""
        counts = judgement.counts()
        try:
            platt = fit_platt(counts)
        except ConfigError:
            return None
        limit = platt.apply(np.array([best_threshold(counts)]))[0]
        return cls(platt, float(np.clip(np.round(limit, 3), 0.01, 0.99)))


@dataclass(frozen=True)
class Judge:
    """Maps the ground that judges as ``landslide-map`` would.

    Args:
        post: the open image in the pixels to map in.
        scaling: fitted to all of it.
        settings: of the mapping.
        ground: reviewed.
        outlines: of the blocks that judge, in the CRS of the image.
    """

    post: Scene
    scaling: FittedScaling
    settings: MappingSettings
    ground: ReviewedGround
    outlines: Sequence[shapely.Polygon] = field(repr=False)

    def __call__(self, predictor: Predictor, progress: Callable[[int, int], None]) -> JudgedPixels:
        """Judge a network.

        Args:
            predictor: the network.
            progress: called with the windows done and their total.
        """
        grid = self.post.grid
        with TemporaryDirectory() as folder:
            probability = Path(folder) / 'probability.tif'
            map_scene(
                scene=self.post,
                task=BlockTask(
                    scene=SceneSource.of(self.post),
                    plan=self.settings.plan(self.post.shape, grid),
                    scaling=self.scaling,
                    aoi=AreaOfInterest(Path('judging'), tuple(self.outlines), grid),
                ),
                executor=LocalExecutor(predictor=predictor),
                threshold=1.0,
                probability=probability,
                mask=Path(folder) / 'mask.tif',
                progress=progress,
            )
            with rasterio.open(probability) as dataset:
                parts = [self._block(dataset, outline) for outline in self.outlines]
        sizes = [len(truth) for _, truth in parts]
        return JudgedPixels(
            np.concatenate([found for found, _ in parts]),
            np.concatenate([truth for _, truth in parts]),
            np.repeat(np.arange(len(parts)), sizes),
            len(parts),
            grid.gsd**2,
        )

    def _block(
        self, dataset: rasterio.DatasetReader, outline: shapely.Polygon
    ) -> tuple[np.ndarray, np.ndarray]:
        window = pixels_of(self.post.grid, outline)
        place = self.post.grid.window(window)
        labels = self.ground.labels(place)
        found = dataset.read(1, window=window)
        known = place.inside([outline]) & (labels != IGNORED) & np.isfinite(found)
        return found[known], labels[known] == LANDSLIDE


def pixels_of(grid: RasterGrid, outline: shapely.Polygon) -> Window:
    """Return the window of a grid that holds an outline, at least a pixel."""
    points = shapely.get_coordinates(outline)
    cols, rows = ~grid.transform @ (points[:, 0], points[:, 1])
    top, left = (
        int(np.clip(np.floor(values.min() + 1e-6), 0, side - 1))
        for values, side in ((rows, grid.shape[0]), (cols, grid.shape[1]))
    )
    bottom, right = (
        int(np.clip(np.ceil(values.max() - 1e-6), first + 1, side))
        for values, first, side in ((rows, top, grid.shape[0]), (cols, left, grid.shape[1]))
    )
    return Window(left, top, right - left, bottom - top)
