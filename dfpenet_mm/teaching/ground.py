"""Reviewed ground: where an analyst says what is landslide and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from dfpenet_mm.errors import GridMismatchError, VectorFormatError
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import READ_ERRORS, Polygons, read_polygons
from dfpenet_mm.review import review_states
from dfpenet_mm.source_files import gdal_name
from dfpenet_mm.vocabulary import (
    BACKGROUND,
    IGNORED,
    LANDSLIDE,
    REJECTED,
    REVIEW,
    REVIEWED_AREA,
    Review,
)

# Around a landslide that was judged by itself, its outline was looked at: pixels of background.
MARGIN = 3
LANDSLIDES_AGAIN = (Review.CONFIRMED, Review.EDITED, Review.ADDED)
# Two outlines that share more of their joint area than this are of the same landslide.
THE_SAME = 0.5


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
        margin = MARGIN * float(np.hypot(grid.transform.a, grid.transform.d))
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
    found = read_polygons(inventory, 'reviewed inventory', may_be_empty=True)
    states = _states(found)
    shapes = found.on_grid(grid)
    rejected = shapes[states == Review.REJECTED]
    layer = _layer(inventory, REJECTED)
    if layer is not None:
        dropped = _states(layer)
        rejected = np.concatenate([rejected, layer.on_grid(grid)[dropped == Review.REJECTED]])
    landslides = shapes[np.isin(states, LANDSLIDES_AGAIN)]
    _check_contradiction(inventory, landslides, rejected)
    areas = _areas(inventory, reviewed_area, grid)
    left = shapes[states == Review.UNREVIEWED]
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


def _states(polygons: Polygons) -> np.ndarray:
    """Return the state of every polygon; without such a column all are the analyst's own."""
    name = gdal_name(polygons.path)
    with read_errors(polygons.path, *READ_ERRORS, advice='give a GeoPackage or Shapefile'):
        fields = pyogrio.read_info(name, layer=polygons.layer)['fields']
        table = pyogrio.read_dataframe(name, layer=polygons.layer, read_geometry=False)
    if REVIEW not in fields:
        default = Review.UNREVIEWED if polygons.layer == REJECTED else Review.ADDED
        return np.full(len(polygons.records), default, dtype=object)
    return review_states(table, str(polygons.path))[polygons.records]


def _layer(path: Path, layer: str) -> Polygons | None:
    with read_errors(path, *READ_ERRORS, advice='give a GeoPackage or Shapefile'):
        names = pyogrio.list_layers(gdal_name(path))[:, 0]
    if layer not in names or len(names) == 1:
        return None
    role = layer.replace('_', ' ')
    return read_polygons(path, role, layer, may_be_empty=True)


def _areas(inventory: Path, reviewed_area: Path | None, grid: RasterGrid) -> np.ndarray:
    if reviewed_area is None:
        found = _layer(inventory, REVIEWED_AREA)
    else:
        found = _layer(reviewed_area, REVIEWED_AREA) or read_polygons(
            reviewed_area, 'reviewed area'
        )
    return np.empty(0, object) if found is None else found.on_grid(grid)


def _check_contradiction(inventory: Path, landslides: np.ndarray, rejected: np.ndarray) -> None:
    """Refuse ground that is confirmed and rejected."""
    if not (len(landslides) and len(rejected)):
        return
    first, second = shapely.STRtree(rejected).query(landslides, 'intersects')
    one, other = landslides[first], rejected[second]
    shared = shapely.area(shapely.intersection(one, other))
    joint = shapely.area(one) + shapely.area(other) - shared
    double = np.flatnonzero(shared > THE_SAME * joint)
    if len(double):
        point = shapely.point_on_surface(one[double[0]])
        raise VectorFormatError(
            f'{inventory} calls the same ground landslide and rejected, {len(double)} times, first '
            f'at {point.x:.8g} {point.y:.8g}; decide on one of the two states in QGIS'
        )
