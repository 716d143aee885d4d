"""Polygons back to pixels, one window at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import LANDSLIDE, NODATA
from postproc.masks.product_rasters import edit_mask, open_role, scene_windows
from postproc.masks.regions import Runs
from postproc.masks.scanline import polygon_runs
from postproc.product import LandslideProduct


class PolygonBurner:
    """Burns polygons into any window of a grid; only those near the window are looked at.

    Windows are best asked for row by row: the runs of one row of windows are kept.

    Args:
        geometries: polygons in the grid's CRS, shape (polygons,).
        transform: from (col, row) to (x, y) of the whole grid; may be rotated or south-up.
        all_touched: True also burns pixels that share area with a polygon but not their centre.
    """

    def __init__(
        self, geometries: np.ndarray, transform: Affine, *, all_touched: bool = False
    ) -> None:
        self._geometries = np.asarray(geometries, dtype=object)
        self._transform = transform
        self._all_touched = all_touched
        self._band: tuple[int, int] | None = None

    def rows_near(self, window: Window) -> np.ndarray:
        """Return the sorted row numbers of polygons whose bounds meet the window's."""
        left, top = window.col_off, window.row_off
        right, bottom = left + window.width, top + window.height
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        footprint = shapely.Polygon([self._transform @ corner for corner in corners])
        return np.sort(self._tree.query(footprint))

    def pixels(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Find the window's pixels that lie in polygons.

        Returns:
            Positions in the window's flattened pixels and the row number of each one's polygon,
            both of shape (pixels,), by polygon and then by position. A pixel in several
            polygons comes with each of them.
        """
        runs, rows = self._runs(window)
        lengths = runs.stop - runs.start
        offsets = runs.row * int(window.width) + runs.start - np.cumsum(lengths) + lengths
        flat = np.repeat(offsets, lengths)
        flat += np.arange(len(flat))
        return flat, np.repeat(rows, lengths)

    def labels(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Burn the polygons near a window.

        Returns:
            Labels, int32 (rows, cols), 0 outside of every polygon and otherwise one more than
            a position in the second array: the row numbers of the polygons near the window.
            Where polygons overlap, the later row wins.
        """
        near = self.rows_near(window)
        labels = np.zeros((int(window.height), int(window.width)), dtype=np.int32)
        flat, rows = self.pixels(window)
        # Pixels come by polygon, and of several values for one place the last one stays.
        labels.ravel()[flat] = np.searchsorted(near, rows) + 1
        return labels, near

    def inside(self, window: Window) -> np.ndarray:
        """Return True, shape (rows, cols), on the pixels of any polygon."""
        inside = np.zeros((int(window.height), int(window.width)), dtype=bool)
        inside.ravel()[self.pixels(window)[0]] = True
        return inside

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._geometries)

    @cached_property
    def _row_bounds(self) -> np.ndarray:
        """First and last row of the grid that polygons reach, with fractions; (polygons, 2)."""
        left, bottom, right, top = shapely.bounds(self._geometries).T
        inverse = ~self._transform
        corners = [inverse @ (x, y) for x in (left, right) for y in (bottom, top)]
        rows = np.array([row for _, row in corners])
        return np.stack([rows.min(axis=0), rows.max(axis=0)], axis=1)

    def _runs(self, window: Window) -> tuple[Runs, np.ndarray]:
        """Return runs in pixels of the window, and each one's polygon."""
        left, top, width, height = (int(number) for number in window.flatten())
        if self._band != (top, height):
            first, last = self._row_bounds.T
            near = np.flatnonzero((last > top) & (first < top + height))
            self._band = top, height
            self._band_runs, owner = polygon_runs(
                self._geometries[near],
                self._transform,
                (top, top + height),
                all_touched=self._all_touched,
            )
            self._band_rows = near[owner]
        runs = self._band_runs
        here = np.flatnonzero((runs.stop > left) & (runs.start < left + width))
        start, stop = (np.clip(x[here] - left, 0, width) for x in (runs.start, runs.stop))
        return Runs(runs.row[here] - top, start, stop), self._band_rows[here]


def zone_sums(
    geometries: np.ndarray,
    grid: RasterGrid,
    read: Callable[[Window], Sequence[np.ndarray]],
    n_layers: int,
) -> np.ndarray:
    """Sum layers over the pixels of every polygon, window by window.

    Args:
        geometries: polygons in the grid's CRS, shape (polygons,); where they overlap, a pixel
            counts for each of them.
        grid: grid of the layers.
        read: gives the layers of a window, each numeric or boolean, shape (rows, cols).
        n_layers: how many layers ``read`` gives.

    Returns:
        Sums, float64, shape (polygons, n_layers). Windows without a polygon are not read.
    """
    burner = PolygonBurner(geometries, grid.transform)
    sums = np.zeros((len(geometries), n_layers))
    for window in scene_windows(grid.shape):
        flat, owner = burner.pixels(window)
        if not flat.size:
            continue
        fresh = np.insert(owner[1:] != owner[:-1], 0, True)
        rows, zone = owner[fresh], np.cumsum(fresh) - 1
        for layer, values in enumerate(read(window)):
            sums[rows, layer] += np.bincount(zone, values.ravel()[flat])
    return sums


def write_final_mask(product: LandslideProduct, destination: Path) -> Path:
    """Write a mask with exactly the pixels of the landslides that are left.

    Args:
        product: its ``mask`` raster lends profile and nodata, its landslides the rest.
        destination: the new mask; it may be the ``mask`` raster itself, which is then replaced.

    Returns:
        ``destination``: uint8, 1 inside of landslides, 0 elsewhere, 255 kept as nodata.

    Raises:
        InputFileError: if the mask is missing or unreadable.
        GridMismatchError: if it is on another grid.
    """
    open_role(product, 'mask').close()
    burner = PolygonBurner(product.landslides.geometry.to_numpy(), product.grid.transform)

    def only_landslides(window, mask):
        flat, _ = burner.pixels(window)
        landslides = np.zeros_like(mask)
        landslides.ravel()[flat] = LANDSLIDE
        landslides[mask == NODATA] = NODATA
        return landslides

    return edit_mask(product.rasters['mask'], destination, only_landslides)
