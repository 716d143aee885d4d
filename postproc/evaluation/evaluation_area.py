"""The area in which an inventory is compared with a reference; outside nothing counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import read_polygons
from postproc.masks.burner import PolygonBurner

ROLE = 'evaluation area'
# A landslide cut by the area's border counts if at least so much of its area lies inside.
COUNTED_SHARE = 0.5


@dataclass(frozen=True)
class EvaluationArea:
    """Polygons on a scene's grid.

    Args:
        name: of the file.
        shape: all of the polygons as one, in the scene's CRS, valid.
        grid: the scene's grid.
    """

    name: str
    shape: shapely.Geometry
    grid: RasterGrid

    @classmethod
    def read(cls, path: Path, grid: RasterGrid, layer: str | None = None) -> EvaluationArea:
        """Read an area.

        Args:
            path: vector file in any CRS.
            grid: the scene's grid.
            layer: layer of the file; None for the only one.

        Raises:
            InputFileError: if it is missing or unreadable.
            VectorFormatError: if it has no CRS, polygon or such layer.
            GridMismatchError: if it does not overlap the grid.
        """
        shape = shapely.union_all(read_polygons(path, ROLE, layer).on_grid(grid))
        rows, cols = grid.shape
        burner = PolygonBurner(np.array([shape], dtype=object), grid.transform)
        if not burner.rows_near(Window(0, 0, cols, rows)).size:
            raise GridMismatchError(
                f'the {ROLE} {path} does not overlap the grid {grid}; give the area of this '
                f'place, and check its CRS'
            )
        return cls(path.name, shape, grid)

    def burner(self) -> PolygonBurner:
        """Return what burns the area: a pixel is inside if its centre is."""
        return PolygonBurner(np.array([self.shape], dtype=object), self.grid.transform)

    def counts(self, geometries: np.ndarray) -> np.ndarray:
        """Tell which landslides count: those of which at least half of the area lies inside.

        Args:
            geometries: valid polygons in the scene's CRS, shape (landslides,).

        Returns:
            Boolean, shape (landslides,).
        """
        shapely.prepare(self.shape)
        counted = shapely.contains_properly(self.shape, geometries)
        cut = np.flatnonzero(~counted & shapely.intersects(self.shape, geometries))
        inside = shapely.area(shapely.intersection(self.shape, geometries[cut]))
        counted[cut] = inside >= COUNTED_SHARE * shapely.area(geometries[cut])
        return counted
