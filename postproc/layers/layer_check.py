"""Refusing auxiliary rasters that cannot serve, before the scene is mapped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyproj
import shapely

from dfpenet_mm.errors import GridMismatchError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.masks.rasters import open_raster

# Points on every side of the scene: a straight line of one CRS is bent in another.
POINTS = 21


def check_layer(
    path: Path, grid: RasterGrid, name: str, *, bands: Sequence[int] | None = None
) -> None:
    """Refuse a raster that cannot be read on the scene.

    Args:
        path: the raster, on any grid and in any CRS.
        grid: the scene's grid.
        name: what it is called, for messages.
        bands: the bands that are wanted, from 1; None wants a raster of one band.

    Raises:
        InputFileError: if it is missing or unreadable.
        RasterFormatError: if it lacks a CRS or bands, has several where one is wanted, or
            complex values.
        GridMismatchError: if it lies beside the scene.
    """
    with open_raster(path) as dataset:
        if dataset.crs is None:
            raise RasterFormatError(
                f'the layer {name!r} ({path}) has no CRS, so it has no place; assign one, for '
                f'example with gdal_edit.py -a_srs'
            )
        if bands is None and dataset.count != 1:
            raise RasterFormatError(
                f'the layer {name!r} ({path}) has {dataset.count} bands; wanted is a raster of '
                f'one band, for example from gdal_translate -b 1'
            )
        if bands is not None and max(bands) > dataset.count:
            raise RasterFormatError(
                f'the layer {name!r} ({path}) has {dataset.count} bands, and band {max(bands)} is '
                f'asked for; correct the band numbers, which count from 1'
            )
        types = {dataset.dtypes[band - 1] for band in bands or (1,)}
        if any(np.dtype(dtype).kind not in 'iuf' for dtype in types):
            raise RasterFormatError(
                f'the layer {name!r} ({path}) holds {", ".join(sorted(types))} values; wanted are '
                f'real numbers, for example its amplitude from gdal_calc.py --calc="abs(A)"'
            )
        layer = RasterGrid.from_dataset(dataset)
    if not _overlap(grid, layer):
        raise GridMismatchError(
            f'the layer {name!r} ({path}) has grid {layer} and lies beside the scene grid {grid}; '
            f'give a raster of this place, and check its CRS'
        )


def _overlap(scene: RasterGrid, layer: RasterGrid) -> bool:
    """Tell whether a scene's outline, moved to a layer's CRS, meets the layer."""
    steps = np.linspace(0.0, 1.0, POINTS)
    zero, one = np.zeros(POINTS), np.ones(POINTS)
    around = np.concatenate([(steps, zero), (one, steps), (1 - steps, one), (zero, 1 - steps)], 1)
    x, y = scene.transform @ tuple(around * np.array(scene.shape[::-1])[:, None])
    to_layer = pyproj.Transformer.from_crs(
        pyproj.CRS.from_user_input(scene.crs),
        pyproj.CRS.from_user_input(layer.crs),
        always_xy=True,
    )
    points = np.column_stack(to_layer.transform(x, y))
    points = points[np.isfinite(points).all(axis=1)]
    rows, cols = layer.shape
    corners = [layer.transform @ corner for corner in ((0, 0), (cols, 0), (cols, rows), (0, rows))]
    return bool(shapely.MultiPoint(points).convex_hull.intersects(shapely.Polygon(corners)))
