"""Which polygons lie on pixels that rasters know something about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from postproc.masks.burner import PolygonBurner
from postproc.masks.rasters import NODATA, open_raster, scene_windows


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
        transform = datasets[0].transform
        # Every touched pixel counts: a landslide smaller than a pixel has no centre inside.
        burner = PolygonBurner(geometries, transform, all_touched=True)
        for window in scene_windows(datasets[0].shape):
            flat, rows = burner.pixels(window)
            if flat.size:
                known = np.all([mask.read(1, window=window) != NODATA for mask in datasets], axis=0)
                seen[rows[known.ravel()[flat]]] = True
    return seen
