"""Pixels so near to a boundary that neither map can be blamed for them."""

from __future__ import annotations

import math

import numpy as np
from rasterio.windows import Window
from scipy.ndimage import maximum_filter1d

from postproc.masks.burner import PolygonBurner

# A pixel at exactly the distance is near, though a root may lose its last digit.
ROUNDING = 1e-9


def near(mask: np.ndarray, distance_px: float) -> np.ndarray:
    """Find pixels within a distance of a region.

    Args:
        mask: True in the region, shape (rows, cols).
        distance_px: largest distance between centres of pixels, pixels.

    Returns:
        Boolean, shape (rows, cols); True in the region as well.
    """
    reach = math.floor(distance_px)
    found = mask.copy()
    widened = {}
    for rows in range(min(reach + 1, len(mask))):
        # So many columns to either side are near, so many rows above and below the region.
        half = math.floor(math.sqrt(distance_px**2 - rows**2) + ROUNDING)
        if half not in widened:
            size = 2 * half + 1
            widened[half] = maximum_filter1d(mask, size, axis=1, mode='constant')
        found[rows:] |= widened[half][: len(mask) - rows]
        found[: len(mask) - rows] |= widened[half][rows:]
    return found


def near_polygons(burner: PolygonBurner, window: Window, distance_px: float) -> np.ndarray:
    """Find pixels of a window within a distance of any burnt polygon.

    Args:
        burner: burns the polygons; those outside of the window are seen too.
        window: part of the scene.
        distance_px: as for ``near``.

    Returns:
        Boolean, shape (rows, cols) of the window: the same however a scene is cut.
    """
    halo = math.floor(distance_px)
    wider = Window(
        window.col_off - halo,
        window.row_off - halo,
        window.width + 2 * halo,
        window.height + 2 * halo,
    )
    found = near(burner.inside(wider), distance_px)
    return found[halo : found.shape[0] - halo, halo : found.shape[1] - halo]
