"""Which polygons lie on pixels that rasters know something about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from rasterio.io import DatasetReader
from rasterio.windows import Window

from postproc.masks.burner import PolygonBurner
from postproc.masks.rasters import NODATA, WINDOW_SIZE, open_raster, scene_windows


def visible(geometries: np.ndarray, masks: Sequence[Path]) -> np.ndarray:
    """Tell which polygons touch a pixel that is nodata in none of the masks.

    Args:
        geometries: polygons in the masks' CRS, shape (polygons,); they may overlap, and be
            smaller than a pixel.
        masks: rasters on one grid with 255 where nothing is known, at least one.

    Returns:
        Boolean, shape (polygons,).

    Raises:
        InputFileError: if a mask is missing or unreadable.
    """
    seen = np.zeros(len(geometries), dtype=bool)
    with ExitStack() as stack:
        datasets = [stack.enter_context(open_raster(path)) for path in masks]
        transform, shape = datasets[0].transform, datasets[0].shape
        for window, rows, flat in _inner_pixels(geometries, transform, shape):
            seen[rows] = _known(datasets, window).ravel()[flat]
        # Every touched pixel counts: a landslide smaller than a pixel has no centre inside.
        hidden = np.flatnonzero(~seen)
        burner = PolygonBurner(geometries[hidden], transform, all_touched=True)
        for window in scene_windows(shape):
            flat, rows = burner.pixels(window)
            if flat.size:
                seen[hidden[rows[_known(datasets, window).ravel()[flat]]]] = True
    return seen


def _known(masks: Sequence[DatasetReader], window: Window) -> np.ndarray:
    return np.all([mask.read(1, window=window) != NODATA for mask in masks], axis=0)


def _inner_pixels(
    geometries: np.ndarray, transform: Affine, shape: tuple[int, int]
) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
    """Find one pixel of every polygon on the scene; most polygons need no other.

    Yields:
        A window, the rows of polygons, and the positions of their pixels in the window's
        flattened pixels.
    """
    inner = shapely.point_on_surface(geometries)
    points, filled = shapely.get_coordinates(inner, return_index=True)
    col, row = (np.floor(side).astype(np.int64) for side in ~transform @ tuple(points.T))
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    filled, row, col = filled[inside], row[inside], col[inside]
    number = row // WINDOW_SIZE * -(-shape[1] // WINDOW_SIZE) + col // WINDOW_SIZE
    order = np.argsort(number, kind='stable')
    windows = list(scene_windows(shape))
    ends = np.searchsorted(number[order], np.arange(len(windows) + 1))
    for window, begin, end in zip(windows, ends[:-1], ends[1:], strict=True):
        if end > begin:
            here = order[begin:end]
            flat = (row[here] - window.row_off) * window.width + col[here] - window.col_off
            yield window, filled[here], flat
