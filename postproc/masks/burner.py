"""Polygons back to pixels, one window at a time."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.vocabulary import LANDSLIDE, NODATA
from postproc.masks.product_rasters import edit_mask, open_role
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

    def inside(self, window: Window) -> np.ndarray:
        """Return True, shape (rows, cols), on the pixels of any polygon."""
        inside = np.zeros((int(window.height), int(window.width)), dtype=bool)
        inside.ravel()[self.pixels(window)[0]] = True
        return inside

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._geometries)

    @cached_property
    def _bounds(self) -> np.ndarray:
        return pixel_bounds(self._geometries, self._transform)

    def _runs(self, window: Window) -> tuple[Runs, np.ndarray]:
        """Return runs in pixels of the window, and each one's polygon."""
        left, top, width, height = (int(number) for number in window.flatten())
        if self._band != (top, height):
            _, first, _, last = self._bounds.T
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


def placed(transform: Affine, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Transform arrays of coordinates, as affine's own product does, whose types know no arrays."""
    a, b, c, d, e, f = tuple(transform)[:6]
    return x * a + y * b + c, x * d + y * e + f


def pixel_bounds(geometries: np.ndarray, transform: Affine) -> np.ndarray:
    """Return the bounds of geometries in pixels.

    Args:
        geometries: in map units, shape (n,).
        transform: from (col, row) to (x, y); may be rotated or south-up.

    Returns:
        First column, first row, last column and last row, with fractions, shape (n, 4); NaN
        where a geometry is empty.
    """
    inverse = ~transform
    if not (transform.b or transform.d):
        # The corners are then those of the map, and no geometry has to be copied.
        left, bottom, right, top = shapely.bounds(geometries).T
        (x1, y1), (x2, y2) = inverse @ (left, top), inverse @ (right, bottom)
        bounds = (f(*pair) for f in (np.minimum, np.maximum) for pair in ((x1, x2), (y1, y2)))
        return np.column_stack(list(bounds))

    def pixels(vertices: np.ndarray) -> np.ndarray:
        return np.column_stack(inverse @ (vertices[:, 0], vertices[:, 1]))

    return shapely.bounds(shapely.transform(geometries, pixels))


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
