"""Refusing auxiliary rasters that cannot serve, before the scene is mapped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError, InputFileError, RasterFormatError, brief
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from dfpenet_mm.rasters import check_placed
from postproc.masks.rasters import open_raster

# Side of the squares in which a layer is read, pixels, and most of them that are tried.
TILE, TILES = 1024, 1024


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
        InputFileError: if it is missing or unreadable, all that lies on the scene included.
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
    shared = outline(grid, layer).intersection(shapely.box(0, 0, cols, rows))
    if shared.is_empty:
        raise GridMismatchError(
            f'the layer {name!r} ({path}) has grid {layer} and lies beside the scene grid {grid}; '
            f'give a raster of this place, and check its CRS'
        )
    _read_through(path, list(bands or (1,)), shared)


def _read_through(path: Path, bands: Sequence[int], place: shapely.Geometry) -> None:
    """Read a part of a layer: a file that breaks off still opens, as does a mosaic of nothing.

    Of a very large part squares from all over it are tried, its end among them.

    Args:
        path: the layer.
        bands: from 1.
        place: around the part, in pixels (col, row) of the layer, inside of it.
    """
    with open_raster(path) as dataset:
        left, top, right, bottom = place.bounds
        rows = range(*_whole(top, bottom, dataset.height))
        cols = range(*_whole(left, right, dataset.width))
        squares = [
            Window.from_slices((row, min(row + TILE, rows.stop)), (col, min(col + TILE, cols.stop)))
            for row in rows[::TILE]
            for col in cols[::TILE]
        ]
        tried = np.linspace(0, len(squares) - 1, min(len(squares), TILES)).round().astype(int)
        try:
            for index in tried:
                dataset.read(bands, window=squares[index])
        except RasterioError as error:
            raise InputFileError(
                f'{path} cannot be read ({brief(error)}); the file, or one that '
                f'it refers to, is damaged or incomplete: copy or download it again'
            ) from error


def _whole(start: float, stop: float, size: int) -> tuple[int, int]:
    """Widen a stretch of an axis to whole pixels, at least one, of the ``size`` that there are."""
    first = min(max(int(start), 0), size - 1)
    return first, max(min(math.ceil(stop), size), first + 1)
