"""A square of the scene around a place, read at full resolution as far as it is drawn."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid

# A landslide takes this share of its square; small ones are shown with what lies around.
SHARE, LEAST_SIDE = 0.4, 48


def square_around(bounds: tuple[float, float, float, float], grid: RasterGrid) -> Window:
    """Return a window that is square on the ground, or what fits into the scene.

    Args:
        bounds: (left, top, right, bottom) of a place, in the scene's pixels.
        grid: of the scene.
    """
    left, top, right, bottom = bounds
    steps = grid.pixel_size
    extent = max((right - left) * steps[0], (bottom - top) * steps[1]) / SHARE
    extent = max(extent, LEAST_SIDE * grid.gsd)
    (width, height) = (
        min(math.ceil(extent / step), side)
        for step, side in zip(steps, grid.shape[::-1], strict=True)
    )
    col = min(max(round((left + right - width) / 2), 0), grid.shape[1] - width)
    row = min(max(round((top + bottom - height) / 2), 0), grid.shape[0] - height)
    return Window(col, row, width, height)


def window_grid(window: Window, grid: RasterGrid) -> RasterGrid:
    """Return the grid of a window of a scene."""
    transform = grid.transform @ Affine.translation(window.col_off, window.row_off)
    return RasterGrid(grid.crs, transform, (int(window.height), int(window.width)))


def read_window(
    path: Path, window: Window, max_side: int, resampling: Resampling = Resampling.nearest
) -> np.ndarray:
    """Read the first band of a raster in a window.

    Args:
        path: raster on the scene's grid.
        window: of it.
        max_side: most rows or columns wanted.
        resampling: how to decimate.

    Returns:
        Shape (rows, cols), masked where the raster has no data.

    Raises:
        InputFileError: if it cannot be read.
    """
    factor = max(1.0, max(window.width, window.height) / max_side)
    shape = tuple(max(1, round(side / factor)) for side in (window.height, window.width))
    try:
        with rasterio.open(path) as source:
            return source.read(
                1, window=window, out_shape=shape, resampling=resampling, masked=True
            )
    except rasterio.errors.RasterioError as error:
        raise InputFileError(
            f'{path} cannot be drawn ({error}); give the folder of a complete run'
        ) from error
