"""The area of interest: the only part of a scene that is mapped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.grid import RasterGrid, turn_of
from dfpenet_mm.polygons import read_polygons

# Rows looked at together when all pixels are counted.
STRIP_ROWS = 512


def outline(transform: Affine, shape: tuple[int, int]) -> shapely.Polygon:
    """Draw the outline of ``shape`` pixels in map units."""
    rows, cols = shape
    return shapely.Polygon(
        [transform @ corner for corner in ((0, 0), (cols, 0), (cols, rows), (0, rows))]
    )


@dataclass(frozen=True)
class AreaOfInterest:
    """Polygons on a scene's grid; it pickles.

    Args:
        path: the vector file.
        polygons: valid polygons in the scene's CRS.
        transform: the scene's, from (col, row) to (x, y).
    """

    path: Path
    polygons: tuple[shapely.Polygon, ...]
    transform: Affine

    @classmethod
    def read(cls, path: Path, grid: RasterGrid) -> Self:
        """Read the polygons that reach into a scene.

        Args:
            path: vector file in any CRS.
            grid: the scene's grid.

        Returns:
            The area.

        Raises:
            InputFileError: if the file is missing or cannot be read.
            VectorFormatError: if it has no CRS or no polygon.
            GridMismatchError: if no polygon reaches into the scene.
        """
        area = read_polygons(path, 'area of interest')
        polygons = area.on_grid(grid)
        rows, cols = grid.shape
        inside = shapely.intersects(polygons, outline(grid.transform, (rows, cols)))
        if not inside.any():
            turn, (west, _, east, _) = turn_of(area.shapes.crs), area.shapes.total_bounds
            taken = ''
            if turn is not None and west <= turn / 2 < east:
                taken = (
                    f' (it was taken to reach from {west:g} to {east:g} degrees east; if it spans '
                    f'more than half the earth, give a smaller one)'
                )
            raise GridMismatchError(
                f'the area of interest {path} does not overlap the scene grid {grid}{taken}; give '
                f'polygons inside of the scene, and check the CRS of both'
            )
        return cls(path, tuple(polygons[inside]), grid.transform)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.polygons)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the search tree out: a worker makes its own."""
        return {name: getattr(self, name) for name in ('path', 'polygons', 'transform')}

    def count_pixels(self, shape: tuple[int, int]) -> int:
        """Count the pixels of a scene of ``shape`` (rows, cols) whose centre lies in the area."""
        rows, cols = shape
        strips = (
            Window(0, first, cols, min(STRIP_ROWS, rows - first))
            for first in range(0, rows, STRIP_ROWS)
        )
        return sum(int(np.count_nonzero(self.inside(strip))) for strip in strips)

    def inside(self, window: Window) -> np.ndarray:
        """Find the pixels of a window whose centre lies in the area.

        Args:
            window: pixels of the scene.

        Returns:
            Bool array, shape (rows, cols) of the window.
        """
        shape = (window.height, window.width)
        place = window_transform(window, self.transform)
        hits = self._tree.query(outline(place, shape), 'intersects')
        if not hits.size:
            return np.zeros(shape, bool)
        shapes = [self.polygons[index] for index in sorted(hits)]
        return rasterize(shapes, shape, transform=place, dtype='uint8').astype(bool)
