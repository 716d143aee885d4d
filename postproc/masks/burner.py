"""Polygons back to pixels, one window at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.masks.rasters import scene_windows


class PolygonBurner:
    """Burns polygons into any window of a grid; only those near the window are looked at.

    Args:
        geometries: polygons in the grid's CRS, shape (polygons,).
        transform: from (col, row) to (x, y) of the whole grid; may be rotated or south-up.
        all_touched: True also burns pixels that a polygon touches without their centre.
    """

    def __init__(
        self, geometries: np.ndarray, transform: Affine, *, all_touched: bool = False
    ) -> None:
        self._geometries = np.asarray(geometries, dtype=object)
        self._tree = shapely.STRtree(self._geometries)
        self._transform = transform
        self._all_touched = all_touched

    def rows_near(self, window: Window) -> np.ndarray:
        """Return the sorted row numbers of polygons whose bounds meet the window's."""
        left, top = window.col_off, window.row_off
        right, bottom = left + window.width, top + window.height
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        footprint = shapely.Polygon([self._transform @ corner for corner in corners])
        return np.sort(self._tree.query(footprint))

    def labels(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Burn the polygons near a window.

        Returns:
            Labels, int32 (rows, cols), 0 outside of every polygon and otherwise one more than
            a position in the second array: the row numbers of the polygons near the window.
            Where polygons overlap, the later row wins.
        """
        rows = self.rows_near(window)
        shape = (int(window.height), int(window.width))
        labels = np.zeros(shape, dtype=np.int32)
        if rows.size:
            shapes = zip(self._geometries[rows], range(1, rows.size + 1), strict=True)
            rasterize(
                shapes,
                out=labels,
                transform=self._transform @ Affine.translation(window.col_off, window.row_off),
                all_touched=self._all_touched,
            )
        return labels, rows

    def inside(self, window: Window) -> np.ndarray:
        """Return True, shape (rows, cols), on the pixels of any polygon."""
        return self.labels(window)[0] > 0


def zone_sums(
    geometries: np.ndarray,
    grid: RasterGrid,
    read: Callable[[Window], Sequence[np.ndarray]],
    n_layers: int,
) -> np.ndarray:
    """Sum layers over the pixels of every polygon, window by window.

    Args:
        geometries: polygons that do not overlap, in the grid's CRS, shape (polygons,).
        grid: grid of the layers.
        read: gives the layers of a window, each numeric or boolean, shape (rows, cols).
        n_layers: how many layers ``read`` gives.

    Returns:
        Sums, float64, shape (polygons, n_layers). Windows without a polygon are not read.
    """
    burner = PolygonBurner(geometries, grid.transform)
    sums = np.zeros((len(geometries), n_layers))
    for window in scene_windows(grid.shape):
        labels, rows = burner.labels(window)
        if not rows.size:
            continue
        for layer, values in enumerate(read(window)):
            by_label = np.bincount(labels.ravel(), values.ravel(), minlength=rows.size + 1)
            sums[rows, layer] += by_label[1:]
    return sums
