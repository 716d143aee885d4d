"""Refusing auxiliary rasters that cannot serve, before the scene is mapped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from dfpenet_mm.errors import GridMismatchError, RasterFormatError
from dfpenet_mm.georeference import check_placed
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from postproc.masks.rasters import open_raster


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
    what = f'the layer {name!r} ({path})'
    with open_raster(path, what) as dataset:
        check_placed(dataset, what)
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
    rows, cols = layer.shape
    if not outline(grid, layer).intersects(shapely.box(0, 0, cols, rows)):
        raise GridMismatchError(
            f'the layer {name!r} ({path}) has grid {layer} and lies beside the scene grid {grid}; '
            f'give a raster of this place, and check its CRS'
        )
