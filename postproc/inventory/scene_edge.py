"""Landslides that reach the edge of what the scene shows: their outline is cut there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy import ndimage

from dfpenet_mm.grid import RasterGrid
from postproc.masks.burner import PolygonBurner
from postproc.masks.rasters import NODATA, open_role, scene_windows
from postproc.product import LandslideProduct

# Vertices on the edge come back from map units with this error at most, pixels.
ON_THE_EDGE = 1e-3


def touches_edge(product: LandslideProduct, regions: gpd.GeoDataFrame) -> np.ndarray:
    """Tell which regions reach the edge of the scene, or a nodata pixel (at a corner too).

    Args:
        product: lends its grid and its ``mask``; without one only the scene's edge counts.
        regions: polygons on the grid.

    Returns:
        Boolean, shape (regions,). A region without any pixel centre is seen at the scene's edge
        only.

    Raises:
        InputFileError: if the mask is unreadable.
        GridMismatchError: if it is on another grid.
    """
    geometries = regions.geometry.to_numpy()
    touching = _at_scene_edge(geometries, product.grid)
    if 'mask' not in product.rasters or not len(geometries):
        return touching
    burner = PolygonBurner(geometries, product.grid.transform)
    with open_role(product, 'mask') as mask:
        for window in scene_windows(product.grid.shape):
            flat, rows = burner.pixels(window)
            if flat.size:
                touching[rows[_beside_nodata(mask, window).ravel()[flat]]] = True
    return touching


def _at_scene_edge(geometries: np.ndarray, grid: RasterGrid) -> np.ndarray:
    to_pixels = ~grid.transform

    def pixels(vertices: np.ndarray) -> np.ndarray:
        return np.column_stack(to_pixels @ (vertices[:, 0], vertices[:, 1]))

    left, top, right, bottom = shapely.bounds(shapely.transform(geometries, pixels)).T
    rows, cols = grid.shape
    first, last = (left, top), (cols - right, rows - bottom)
    return np.any([side <= ON_THE_EDGE for side in (*first, *last)], axis=0)


def _beside_nodata(mask: DatasetReader, window: Window) -> np.ndarray:
    """Return True on pixels of the window that are nodata or have such a neighbour, of eight."""
    row, col = int(window.row_off), int(window.col_off)
    above, before = min(row, 1), min(col, 1)
    height, width = int(window.height), int(window.width)
    haloed = Window(
        col - before,
        row - above,
        min(col + width + 1, mask.width) - col + before,
        min(row + height + 1, mask.height) - row + above,
    )
    nodata = mask.read(1, window=haloed) == NODATA
    if not nodata.any():
        return np.zeros((height, width), dtype=bool)
    beside = ndimage.binary_dilation(nodata, np.ones((3, 3)))
    return beside[above : above + height, before : before + width]
