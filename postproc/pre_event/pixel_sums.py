"""Sums over the pixels of polygons; only those pixels are looked at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from postproc.masks.burner import PolygonBurner
from postproc.masks.rasters import scene_windows


def under_polygons(
    burner: PolygonBurner, dataset: DatasetReader
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, Window]]:
    """Read a raster's first band where there are polygons, window by window.

    Yields:
        The pixels' values, the row of each one's polygon in ascending order, and its position in
        the window's flattened pixels, each of shape (pixels,); and the window. Windows without a
        polygon are not read.
    """
    for window in scene_windows(dataset.shape):
        flat, rows = burner.pixels(window)
        if flat.size:
            yield dataset.read(1, window=window).ravel()[flat], rows, flat, window


def add_counts(counts: np.ndarray, rows: np.ndarray) -> None:
    """Count every row.

    Args:
        counts: changed in place, shape (polygons,).
        rows: ascending, each once a pixel, shape (pixels,).
    """
    starts = np.flatnonzero(_fresh(rows))
    counts[rows[starts]] += np.diff(np.append(starts, len(rows)))


def add_sums(sums: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """Add every value to its row's sum.

    Args:
        sums: changed in place, shape (polygons,).
        rows: ascending, shape (pixels,).
        values: shape (pixels,).
    """
    fresh = _fresh(rows)
    sums[rows[fresh]] += np.bincount(np.cumsum(fresh) - 1, values)


def _fresh(rows: np.ndarray) -> np.ndarray:
    """Tell where a row comes for the first time."""
    fresh = np.ones(len(rows), dtype=bool)
    np.not_equal(rows[1:], rows[:-1], out=fresh[1:])
    return fresh
