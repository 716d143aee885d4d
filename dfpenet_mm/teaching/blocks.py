"""Reviewed ground split by blocks into what teaches and what judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from rasterio.windows import Window
from scipy import ndimage

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.preparation.chips.split import choose_validation
from dfpenet_mm.teaching.ground import ReviewedGround
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE
from dfpenet_mm.wording import metres

# Blocks into which compact ground is cut, about; most over scattered ground; least side, pixels.
BLOCKS, MOST_BLOCKS, LEAST_SIDE = 48, 4096, 16
JUDGING_SHARE = 1 / 3
# Chips of reviewed ground without which there is no lesson, in pixels of the image.
LEAST_CHIPS = 4.0
PLACES = 3


@dataclass(frozen=True, eq=False)
class Blocks:
    """Squares of reviewed ground.

    Args:
        grid: on whose pixels they lie.
        windows: of each, on the grid.
        labelled: pixels of known ground in each, shape (blocks,).
        landslide: pixels of landslides among them, shape (blocks,).
        judging: True for those that judge, bool, shape (blocks,).
    """

    grid: RasterGrid
    windows: tuple[Window, ...]
    labelled: np.ndarray
    landslide: np.ndarray
    judging: np.ndarray

    def outlines(self, *, judging: bool) -> np.ndarray:
        """Return the outlines of one kind, map units."""
        return np.array(
            [
                self.grid.window(window).outline
                for window, judges in zip(self.windows, self.judging, strict=True)
                if judges == judging
            ],
            dtype=object,
        )

    def square_km(self, *, judging: bool) -> float:
        """Return the known ground of one kind."""
        return float(self.labelled[self.judging == judging].sum()) * self.grid.gsd**2 / 1e6

    def to_dict(self) -> dict[str, Any]:
        """Count blocks and ground of both kinds, plain JSON values."""
        return {
            'block_side_m': self.windows[0].width * self.grid.gsd,
            **{
                name: {
                    'blocks': int((self.judging == judging).sum()),
                    'with_landslides': int((self.landslide[self.judging == judging] > 0).sum()),
                    'km2': round(self.square_km(judging=judging), 6),
                }
                for name, judging in (('teaches', False), ('judges', True))
            },
        }


def split_ground(
    scene: Scene, ground: ReviewedGround, *, chip: int, seed: int, name: str
) -> Blocks:
    """Cut reviewed ground to blocks, about a third of which judge.

    Args:
        scene: the image in the finest pixels that are thought of.
        ground: reviewed.
        chip: side of the network's windows, pixels.
        seed: of the draw.
        name: of the review, for messages.

    Raises:
        EmptySceneError: if there is too little ground, no landslide in it, or all of them lie in
            one place; it says how much more is wanted, and where.
    """
    windows, counts = [], []
    for window in _squares(scene.grid, ground):
        labels = ground.labels(scene.grid.window(window))
        if (labels != IGNORED).any():
            labels[~scene.read(window)[1]] = IGNORED
            known = int((labels != IGNORED).sum())
            if known:
                windows.append(window)
                counts.append((known, int((labels == LANDSLIDE).sum())))
    labelled, landslide = np.array(counts, int).reshape(-1, 2).T
    where = suggested_places(ground, scene.grid, chip)
    side_m = chip * scene.grid.gsd
    _require_enough(int(labelled.sum()) / chip**2, side_m, name=name, where=where)
    _require_landslides(int((landslide > 0).sum()), name=name, where=where)
    measures = np.stack([landslide, labelled - landslide, labelled * (landslide == 0)], axis=1)
    side = max(window.width for window in windows)
    first = windows[0].row_off, min(window.col_off for window in windows)
    places = (np.array([(w.row_off, w.col_off) for w in windows]) - first) // side
    rng = np.random.default_rng(np.random.SeedSequence((seed, 15)))
    judging = choose_validation(
        measures.astype(float),
        JUDGING_SHARE,
        rng,
        centres=places.astype(float),
        loss=_border_loss(places, labelled),
    )
    return Blocks(scene.grid, tuple(windows), labelled, landslide, judging)


def _squares(grid: RasterGrid, ground: ReviewedGround) -> Iterator[Window]:
    """Yield the squares that reviewed ground touches, row by row."""
    inverse = ~grid.transform
    on_scene = shapely.intersection(shapely.make_valid(ground.extent), grid.outline)
    # Into pixels, in which squares are upright whatever way the grid is turned.
    matrix = [inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f]
    union = shapely.affinity.affine_transform(shapely.union_all(on_scene), matrix)
    if union.is_empty:
        return
    left, top, right, bottom = union.bounds
    rows, cols = grid.shape
    extent = (right - left) * (bottom - top)
    spread = math.sqrt(max(union.area / BLOCKS, extent / MOST_BLOCKS))
    side = min(max(LEAST_SIDE, math.ceil(spread)), max(rows, cols))
    shapely.prepare(union)
    for row in range(max(0, math.floor(top)), min(math.ceil(bottom), rows), side):
        for col in range(max(0, math.floor(left)), min(math.ceil(right), cols), side):
            window = Window(col, row, min(side, cols - col), min(side, rows - row))
            if union.intersects(shapely.box(col, row, col + window.width, row + window.height)):
                yield window


def _border_loss(places: np.ndarray, labelled: np.ndarray) -> Callable[[np.ndarray], float]:
    """Reckon with the ground along the border of both kinds, where chips do not fit."""
    shape = places.max(axis=0) + 1
    rows, cols = places.T
    weights = labelled / labelled.sum()

    def loss(judging: np.ndarray) -> float:
        judges = np.zeros(shape, bool)
        judges[rows, cols] = judging
        near = ndimage.binary_dilation(judges, np.ones((3, 3), bool))[rows, cols] & ~judging
        return float(weights[near].sum())

    return loss


def _require_enough(chips: float, side_m: float, *, name: str, where: str) -> None:
    if chips < LEAST_CHIPS:
        raise EmptySceneError(
            f'{name} holds too little reviewed ground on the image: {chips:.1f} of at least '
            f'{LEAST_CHIPS:g} squares of {metres(side_m)} m; review more {where}'
        )


def _require_landslides(blocks: int, *, name: str, where: str) -> None:
    if not blocks:
        raise EmptySceneError(
            f'{name} holds no landslide in the reviewed ground, and without one nothing can be '
            f'taught; review ground with landslides too, {where}'
        )
    if blocks < 2:
        raise EmptySceneError(
            f'{name} holds landslides in one place only, and what teaches cannot judge; review a '
            f'second place with landslides {where}'
        )


def suggested_places(ground: ReviewedGround, grid: RasterGrid, chip: int) -> str:
    """Say where to review next: squares with most of what the map calls landslide."""
    shapes = ground.unknown
    inverse = ~grid.transform
    cells: dict[tuple[int, int], float] = {}
    for point, area in zip(shapely.centroid(shapes), shapely.area(shapes), strict=True):
        col, row = inverse @ (point.x, point.y)
        if 0 <= row < grid.shape[0] and 0 <= col < grid.shape[1]:
            cell = int(row // chip), int(col // chip)
            cells[cell] = cells.get(cell, 0.0) + math.sqrt(area)
    best = sorted(cells, key=lambda cell: (-cells[cell], cell))[:PLACES]
    if not best:
        return 'beside it'
    centres = [grid.transform @ ((col + 0.5) * chip, (row + 0.5) * chip) for row, col in best]
    listed = ', '.join(f'{x:.8g} {y:.8g}' for x, y in centres)
    return f'around {listed} ({grid.crs.to_string()[:40]})'
