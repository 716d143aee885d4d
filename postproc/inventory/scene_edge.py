"""Landslides that reach the edge of what the scene shows: their outline is cut there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import NODATA
from postproc.evaluation.pixel_comparison import near
from postproc.masks.burner import PolygonBurner, pixel_bounds
from postproc.masks.product_rasters import open_role, scene_windows
from postproc.product import LandslideProduct

# Pixels that share a side or a corner are no farther apart.
NEIGHBOUR_PX = 2**0.5
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
    bounds = pixel_bounds(geometries, product.grid.transform)
    touching = _at_scene_edge(bounds, product.grid)
    if 'mask' not in product.rasters or not len(geometries):
        return touching
    with open_role(product, 'mask') as mask:
        burner = PolygonBurner(geometries, product.grid.transform)
        for window in scene_windows(product.grid.shape):
            # Few windows have nodata, and most of a large scene may have no region.
            beside = _beside_nodata(mask, window) if burner.rows_near(window).size else None
            if beside is not None:
                flat, rows = burner.pixels(window)
                touching[rows[beside.ravel()[flat]]] = True
    return touching


def _at_scene_edge(bounds: np.ndarray, grid: RasterGrid) -> np.ndarray:
    left, top, right, bottom = bounds.T
    rows, cols = grid.shape
    return np.any(
        [side <= ON_THE_EDGE for side in (left, top, cols - right, rows - bottom)], axis=0
    )


def _beside_nodata(mask: DatasetReader, window: Window) -> np.ndarray | None:
    """Return True on pixels of the window that are nodata or have such a neighbour, of eight.

    None where there is no nodata.
    """
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
        return None
    return near(nodata, NEIGHBOUR_PX)[above : above + height, before : before + width]
