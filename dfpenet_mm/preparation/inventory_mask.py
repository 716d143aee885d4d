"""Training labels of any window of a scene, burnt from an inventory's polygons."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid

BACKGROUND, LANDSLIDE, NODATA = 0, 1, 255


class InventoryMask:
    """Burns polygons into windows of a grid; only those near the window are looked at.

    Args:
        polygons: in the grid's CRS, shape (polygons,).
        grid: the scene's grid; may be rotated or south-up.
        all_touched: True also burns pixels that a polygon touches without their centre.
    """

    def __init__(
        self, polygons: np.ndarray, grid: RasterGrid, *, all_touched: bool = False
    ) -> None:
        self._polygons = polygons
        self._tree = shapely.STRtree(polygons)
        self._grid = grid
        self._all_touched = all_touched

    def __len__(self) -> int:
        """Count the polygons whose bounds meet the scene."""
        rows, cols = self._grid.shape
        return len(self._near(Window(0, 0, cols, rows)))

    def labels(self, window: Window, valid: np.ndarray) -> np.ndarray:
        """Burn the polygons near a window.

        Args:
            window: pixels of the grid.
            valid: where the scene holds data, shape (rows, cols), bool.

        Returns:
            uint8, shape (rows, cols): 1 landslide, 0 background, 255 not valid.
        """
        labels = np.zeros(valid.shape, np.uint8)
        near = self._near(window)
        if near.size:
            rasterize(
                self._polygons[near],
                out=labels,
                default_value=LANDSLIDE,
                transform=window_transform(self._grid, window),
                all_touched=self._all_touched,
            )
        labels[~valid] = NODATA
        return labels

    def _near(self, window: Window) -> np.ndarray:
        return np.sort(self._tree.query(footprint(self._grid, window)))


def window_transform(grid: RasterGrid, window: Window) -> Affine:
    """Return the affine map from a window's own (col, row) to (x, y)."""
    return grid.transform @ Affine.translation(window.col_off, window.row_off)


def footprint(grid: RasterGrid, window: Window) -> shapely.Polygon:
    """Return the outline of a window in the grid's CRS."""
    left, top = window.col_off, window.row_off
    right, bottom = left + window.width, top + window.height
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return shapely.Polygon([grid.transform @ corner for corner in corners])
