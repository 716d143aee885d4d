"""Chips of taught ground, and the batches that training draws from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.datasets.pixel_size import RandomPixelSize
from dfpenet_mm.datasets.transforms import RandomSensor
from dfpenet_mm.engine.sample_stream import seed_generators
from dfpenet_mm.mapping.scene.batch_reader import make_chip
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.teaching.blocks import Blocks
from dfpenet_mm.teaching.ground import ReviewedGround
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

# Steps from chip to chip within one; chips that are kept at most; least share of known ground.
STEPS_A_CHIP, MOST_CHIPS, LEAST_KNOWN = 4, 600, 0.05
MOST_STEPS = 400
# Draws until a crop holds so much known ground.
DRAWS = 6
# Least and greatest pixel of a crop, in those of the chip.
SIZES = (0.8, 1.25)
# Values that a change of colour understands.
EIGHT_BIT = (0.0, 255.0)
COLOURED = 0.7


@dataclass(frozen=True, eq=False)
class Lesson:
    """Chips that teach.

    Args:
        images: shape (chips, B, side, side), float32, training units.
        labels: shape (chips, side, side), uint8: 0, 1 or 255 for unknown.
        pixel_size: metres.
        coloured: whether colours may be changed as between sensors of 8 bit.
        ground: pixels of known ground that the chips hold, each counted once.
    """

    images: np.ndarray
    labels: np.ndarray
    pixel_size: float
    coloured: bool
    ground: int

    @property
    def side(self) -> int:
        """Side of a chip, pixels."""
        return int(self.labels.shape[-1])

    @property
    def worth(self) -> float:
        """Known ground in chips: overlapping ones count once."""
        return self.ground / self.side**2

    def batch(self, seed: int, step: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the batch of one step, a pure function of seed and step.

        Every other sample is of a chip with landslides, where there are both kinds.

        Returns:
            Images, shape (size, B, side, side), float32, and labels, shape (size, side, side).
        """
        seed_generators(seed, step)
        rng = np.random.default_rng(np.random.SeedSequence((seed, step, 2)))
        hit = (self.labels == LANDSLIDE).any(axis=(1, 2))
        kinds = [kind for kind in (np.flatnonzero(hit), np.flatnonzero(~hit)) if len(kind)]
        samples = [self._sample(kinds[number % len(kinds)], rng) for number in range(size)]
        images, labels = zip(*samples, strict=True)
        return np.stack(images), np.stack(labels)

    def _sample(self, among: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        low, high = (self.pixel_size * factor for factor in SIZES)
        crop = RandomPixelSize(
            pixel_sizes=(low, high), crop_size=(self.side, self.side), as_is=0.3, seek=0.5
        )
        result: dict[str, Any] = {}
        for _ in range(DRAWS):
            number = rng.choice(among)
            result = {
                'img': self.images[number].transpose(1, 2, 0),
                'gt_seg_map': self.labels[number],
                'pixel_size': self.pixel_size,
            }
            result = crop.transform(result)
            if (result['gt_seg_map'] != IGNORED).mean() >= LEAST_KNOWN:
                break
        if self.coloured and rng.random() < COLOURED:
            sensor = RandomSensor(strength=0.5, blur=0.2, noise=0.2, grey=0, swap=0)
            result = sensor.transform(result)
        turns, flip = int(rng.integers(4)), bool(rng.integers(2))
        image, labels = (
            np.rot90(np.flip(array, 1) if flip else array, turns)
            for array in (result['img'], result['gt_seg_map'])
        )
        return np.ascontiguousarray(image.transpose(2, 0, 1)), np.ascontiguousarray(labels)


def cut_lesson(
    scene: Scene,
    scaling: FittedScaling,
    ground: ReviewedGround,
    blocks: Blocks,
    *,
    side: int,
    seed: int,
) -> Lesson | None:
    """Cut the chips of the blocks that teach; what is true in one that judges stays unknown.

    Args:
        scene: in the pixels to teach in.
        scaling: fitted to it, as for mapping.
        ground: reviewed.
        blocks: of the ground, on any grid of the same CRS.
        side: of a chip, pixels.
        seed: of the draw, where there are more chips than are kept.

    Returns:
        None where no chip has a landslide.
    """
    images, masks = [], []
    seen: dict[tuple[int, int], int] = {}
    for window, labels in _kept(_candidates(scene, ground, blocks, side), seed):
        bands, valid = scene.read(window)
        known = np.where(valid, labels, IGNORED).astype(np.uint8)
        if (known != IGNORED).any():
            images.append(make_chip(bands, valid, scaling, side))
            beyond = ((0, side - known.shape[0]), (0, side - known.shape[1]))
            masks.append(np.pad(known, beyond, constant_values=IGNORED))
            _count(seen, window, known, max(1, side // STEPS_A_CHIP))
    if not any((mask == LANDSLIDE).any() for mask in masks):
        return None
    return Lesson(
        images=np.stack(images),
        labels=np.stack(masks),
        pixel_size=scene.grid.gsd,
        coloured=scaling.clip is not None and tuple(scaling.clip) == EIGHT_BIT,
        ground=sum(seen.values()),
    )


def _candidates(
    scene: Scene, ground: ReviewedGround, blocks: Blocks, side: int
) -> list[tuple[Window, np.ndarray]]:
    """List the windows that hold ground that teaches; what judges is unknown in them."""
    grid, pixel = scene.grid, abs(scene.grid.transform.determinant) ** 0.5
    judges = shapely.buffer(blocks.outlines(judging=True), -0.01 * pixel)
    teaches = blocks.outlines(judging=False)
    (top, bottom), (left, right) = _extent(scene, teaches)
    cols, width = _starts(grid.shape[1], left, right, side), min(side, grid.shape[1])
    found = []
    for row in _starts(grid.shape[0], top, bottom, side):
        # All windows of a row at once: burning polygons costs more than the pixels.
        strip = Window(cols[0], row, cols[-1] + width - cols[0], min(side, grid.shape[0]))
        place = grid.window(strip)
        labels = ground.labels(place)
        labels[place.inside(judges, all_touched=True)] = IGNORED
        for col in cols:
            part = slice(col - cols[0], col - cols[0] + width)
            if (labels[:, part] != IGNORED).mean() >= LEAST_KNOWN:
                window = Window(col, row, width, strip.height)
                found.append((window, labels[:, part].copy()))
    return found


def _kept(
    candidates: list[tuple[Window, np.ndarray]], seed: int
) -> list[tuple[Window, np.ndarray]]:
    """Draw so many as are kept, half of them with landslides where there are enough."""
    if len(candidates) <= MOST_CHIPS:
        return candidates
    rng = np.random.default_rng(np.random.SeedSequence((seed, 16)))
    hit = np.array([(labels == LANDSLIDE).any() for _, labels in candidates])
    order = rng.permutation(len(candidates))
    with_landslides = max(MOST_CHIPS // 2, MOST_CHIPS - int((~hit).sum()))
    first = order[hit[order]][:with_landslides]
    rest = order[~hit[order]][: MOST_CHIPS - len(first)]
    return [candidates[index] for index in sorted([*first, *rest])]


def _extent(scene: Scene, teaches: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last rows, and first and last columns, of the ground that teaches."""
    points = shapely.get_coordinates(teaches)
    cols, rows = ~scene.grid.transform @ (points[:, 0], points[:, 1])
    return [
        (max(0, math.floor(places.min() + 1e-6)), min(side, math.ceil(places.max() - 1e-6)))
        for places, side in zip((rows, cols), scene.grid.shape, strict=True)
    ]


def _starts(length: int, low: int, high: int, side: int) -> list[int]:
    """Lay windows over an extent of an axis so that its ends lie at ends of some."""
    step = max(1, side // STEPS_A_CHIP, (high - low) // MOST_STEPS)
    last = max(0, length - side)
    starts = {min(max(start, 0), last) for start in range(low - side + step, high, step)}
    flush = {min(max(start, 0), last) for start in (low, high - side)}
    return sorted(starts | flush)


def _count(seen: dict[tuple[int, int], int], window: Window, known: np.ndarray, cell: int) -> None:
    """Note the known pixels by cells of the scene, of overlapping chips those of the fullest."""
    rows, cols = np.nonzero(known != IGNORED)
    rows, cols = (rows + window.row_off) // cell, (cols + window.col_off) // cell
    places, pixels = np.unique(np.stack([rows, cols]), axis=1, return_counts=True)
    for place, number in zip(places.T.tolist(), pixels.tolist(), strict=True):
        seen[tuple(place)] = max(seen.get(tuple(place), 0), number)


def describe(lesson: Lesson) -> Mapping[str, Any]:
    """Count chips and pixels, plain JSON values."""
    return {
        'chips': len(lesson.labels),
        'chips_with_landslides': int((lesson.labels == LANDSLIDE).any(axis=(1, 2)).sum()),
        'side_px': lesson.side,
        'pixel_size_m': lesson.pixel_size,
        'worth_chips': round(lesson.worth, 2),
        'landslide_share': round(
            float((lesson.labels == LANDSLIDE).sum() / (lesson.labels != IGNORED).sum()), 4
        ),
    }
