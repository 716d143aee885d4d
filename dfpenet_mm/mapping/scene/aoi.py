"""The area of interest: the only part of a scene that is mapped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.grid import RasterGrid, turn_of
from dfpenet_mm.polygons import read_polygons

# Rows looked at together when all pixels are counted.
STRIP_ROWS = 512


@dataclass(frozen=True)
class AreaOfInterest:
    """Polygons on a scene's grid; it pickles.

    Args:
        path: the vector file.
        polygons: valid polygons in the scene's CRS.
        grid: the scene's grid.
    """

    path: Path
    polygons: tuple[shapely.Polygon, ...]
    grid: RasterGrid

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
        inside = shapely.intersects(polygons, grid.outline)
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
        return cls(path, tuple(polygons[inside]), grid)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.polygons)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the search tree out: a worker makes its own."""
        return {name: getattr(self, name) for name in ('path', 'polygons', 'grid')}

    def count_pixels(self) -> int:
        """Count the pixels of the scene whose centre lies in the area."""
        rows, cols = self.grid.shape
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
        place = self.grid.window(window)
        hits = self._tree.query(place.outline, 'intersects')
        return place.inside([self.polygons[index] for index in sorted(hits)])
