"""Training labels of any window of a scene, burnt from an inventory's polygons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
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
        return len(self._tree.query(self._grid.outline))

    def labels(self, window: Window, valid: np.ndarray) -> np.ndarray:
        """Burn the polygons near a window.

        Args:
            window: pixels of the grid.
            valid: where the scene holds data, shape (rows, cols), bool.

        Returns:
            uint8, shape (rows, cols): 1 landslide, 0 background, 255 not valid.
        """
        burnt = self._burnt(self._near(window), window)
        return np.where(valid, burnt * np.uint8(LANDSLIDE), np.uint8(NODATA))

    def fates(self) -> tuple[np.ndarray, np.ndarray]:
        """Tell what becomes of each polygon, whatever others lie over it.

        Returns:
            True for those that lie on the scene, in part at least, and True for those that burn
            a pixel of it, with data or without; both of shape (polygons,), bool.
        """
        scene = self._grid.outline
        meets, burns = np.zeros((2, len(self._polygons)), bool)
        inside = self._tree.query(scene, predicate='intersects')
        meets[inside[~shapely.touches(self._polygons[inside], scene)]] = True
        for place in np.flatnonzero(meets).tolist():
            burns[place] = any(self._burnt([place], window).any() for window in self._strips(place))
        return meets, burns

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

    def _burnt(self, places: Sequence[int] | np.ndarray, window: Window) -> np.ndarray:
        place = self._grid.window(window)
        return place.inside(self._polygons[places], all_touched=self._all_touched)

    def _near(self, window: Window) -> np.ndarray:
        return np.sort(self._tree.query(self._grid.window(window).outline))
