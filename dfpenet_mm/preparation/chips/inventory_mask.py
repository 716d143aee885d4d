"""Training labels of any window of a scene, burnt from an inventory's polygons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import LANDSLIDE, NODATA

# Pixels of a polygon burnt at once to see whether it burns any.
STRIP_PIXELS = 1_000_000


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
            self._burn(self._polygons[near], window, labels)
        labels[~valid] = NODATA
        return labels

    def fates(self) -> tuple[np.ndarray, np.ndarray]:
        """Tell what becomes of each polygon, whatever others lie over it.

        Returns:
            True for those that lie on the scene, in part at least, and True for those that burn
            a pixel of it, with data or without; both of shape (polygons,), bool.
        """
        rows, cols = self._grid.shape
        scene = footprint(self._grid, Window(0, 0, cols, rows))
        meets, burns = np.zeros((2, len(self._polygons)), bool)
        inside = self._tree.query(scene, predicate='intersects')
        meets[inside[~shapely.touches(self._polygons[inside], scene)]] = True
        for place in np.flatnonzero(meets):
            burns[place] = self._burns(int(place))
        return meets, burns

    def _burns(self, place: int) -> bool:
        for window in self._strips(place):
            labels = np.zeros((window.height, window.width), np.uint8)
            self._burn(self._polygons[place : place + 1], window, labels)
            if labels.any():
                return True
        return False

    def _strips(self, place: int) -> Iterator[Window]:
        """Cover a polygon's part of the scene with windows that fit in memory."""
        left, bottom, right, top = self._polygons[place].bounds
        corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
        pixels = np.array([~self._grid.transform @ corner for corner in corners])
        # A pixel more on all sides, for rounding.
        first = np.clip(np.floor(pixels.min(axis=0)) - 1, 0, None).astype(int)
        last = np.minimum(np.ceil(pixels.max(axis=0)) + 1, self._grid.shape[::-1]).astype(int)
        width = int(last[0] - first[0])
        step = max(1, STRIP_PIXELS // max(width, 1))
        for row in range(int(first[1]), int(last[1]), step):
            yield Window(int(first[0]), row, width, min(step, int(last[1]) - row))

    def _burn(self, polygons: np.ndarray, window: Window, labels: np.ndarray) -> None:
        rasterize(
            polygons,
            out=labels,
            default_value=LANDSLIDE,
            transform=window_transform(self._grid, window),
            all_touched=self._all_touched,
        )

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
