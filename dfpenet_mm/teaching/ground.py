"""Reviewed ground: where an analyst says what is landslide and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely

from dfpenet_mm.errors import GridMismatchError, VectorFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.review import review_states
from dfpenet_mm.run.carried_review import MARGIN_PX
from dfpenet_mm.run.read_review import read_review
from dfpenet_mm.run.settled_inventory import SOME, check_contradiction
from dfpenet_mm.vocabulary import (
    BACKGROUND,
    IGNORED,
    LANDSLIDE,
    REVIEW,
    REVIEWED_AREA,
    Review,
)


@dataclass(frozen=True, eq=False)
class ReviewedGround:
    """Polygons that say what ground is, in the CRS of a scene.

    Args:
        areas: where everything was looked at.
        landslides: confirmed, edited and added ones, and those left standing in an area.
        rejected: what was judged to be no landslide.
        alone: landslides and rejected ones that were judged where no area was reviewed.
        unknown: landslides on the map that nobody looked at.
    """

    areas: np.ndarray
    landslides: np.ndarray
    rejected: np.ndarray
    alone: np.ndarray
    unknown: np.ndarray

    @cached_property
    def _trees(self) -> dict[str, shapely.STRtree]:
        names = ('areas', 'landslides', 'rejected', 'alone', 'unknown')
        return {name: shapely.STRtree(getattr(self, name)) for name in names}

    def _inside(self, name: str, grid: RasterGrid, margin: float = 0.0) -> np.ndarray:
        tree = self._trees[name]
        place = shapely.buffer(grid.outline, margin) if margin else grid.outline
        shapes = tree.geometries[np.sort(tree.query(place, 'intersects'))]
        return grid.inside(shapely.buffer(shapes, margin) if margin else shapes)

    def labels(self, grid: RasterGrid) -> np.ndarray:
        """Say of every pixel what is known.

        Args:
            grid: in the CRS of the polygons.

        Returns:
            uint8, shape (rows, cols): 0 background, 1 landslide, 255 not looked at.
        """
        margin = MARGIN_PX * float(np.hypot(grid.transform.a, grid.transform.d))
        labels = np.full(grid.shape, IGNORED, np.uint8)
        labels[self._inside('alone', grid, margin)] = BACKGROUND
        labels[self._inside('unknown', grid)] = IGNORED
        labels[self._inside('rejected', grid)] = BACKGROUND
        labels[self._inside('areas', grid)] = BACKGROUND
        labels[self._inside('landslides', grid)] = LANDSLIDE
        return labels

    @cached_property
    def extent(self) -> np.ndarray:
        """Polygons all ground of which something is known lies in."""
        return np.concatenate([self.areas, self.landslides, self.rejected])


def read_ground(inventory: Path, reviewed_area: Path | None, grid: RasterGrid) -> ReviewedGround:
    """Read what an analyst has reviewed.

    Args:
        inventory: landslides with the columns of a review, as far as they are there; without
            them every landslide counts as drawn by the analyst.
        reviewed_area: file of reviewed areas; None for the layer of that name in the inventory.
        grid: of the scene.

    Raises:
        InputFileError: if a file cannot be read.
        VectorFormatError: if a layer has no CRS, a state is none, states contradict each other, or
            nothing was reviewed.
        GridMismatchError: if the review lies beside the scene.
    """
    review = read_review(inventory, reviewed_area, grid)
    states = review_states(review.landslides)
    shapes = review.landslides.geometry.to_numpy()
    landslides = shapes[np.isin(states, SOME)]
    left = shapes[states == Review.UNREVIEWED]
    areas = review.area.geometry.to_numpy()
    rejected = np.empty(0, object)
    if review.rejected is not None:
        rejected = review.rejected.geometry.to_numpy()
    check_contradiction(inventory, landslides, rejected)
    if not (len(areas) or len(landslides) or len(rejected)):
        raise VectorFormatError(
            f'nothing of {inventory} was reviewed; draw polygons into its layer {REVIEWED_AREA} '
            f'where you have looked at everything, or set {REVIEW} of landslides, in QGIS'
        )
    known = np.concatenate([areas, landslides, rejected])
    if not shapely.intersects(known, grid.outline).any():
        what = reviewed_area or inventory
        raise GridMismatchError(
            f'the reviewed ground of {what} lies beside the image ({grid}); draw it on the image, '
            f'and check the CRS of both'
        )
    standing = _touching(left, areas)
    # Of a landslide that reaches out of the area, the rest is as unknown as the ground there.
    union = shapely.union_all(areas)
    inside = shapely.intersection(left[standing], union)
    outside = shapely.difference(left[standing], union)
    judged = np.concatenate([landslides, rejected])
    return ReviewedGround(
        areas=areas,
        landslides=np.concatenate([landslides, inside]),
        rejected=rejected,
        alone=judged[~_touching(judged, areas)],
        unknown=np.concatenate([left[~standing], outside[shapely.area(outside) > 0]]),
    )


def _touching(shapes: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Tell which polygons share ground with any of the areas, bool."""
    found = np.zeros(len(shapes), bool)
    if len(shapes) and len(areas):
        found[np.unique(shapely.STRtree(areas).query(shapes, 'intersects')[0])] = True
    return found
