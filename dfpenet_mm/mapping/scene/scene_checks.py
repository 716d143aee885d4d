"""What a raster must be before it can be mapped, and how to mend it where it is not."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import transform as transform_points
from shapely import Polygon, box

from dfpenet_mm.errors import ConfigError, GridMismatchError, InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.source_files import raster_sources
from dfpenet_mm.validity import open_unhidden
from dfpenet_mm.wording import counted

# Points along each side of a raster's outline, enough to follow its bend in another CRS.
OUTLINE_POINTS = 33


def open_raster(path: Path) -> DatasetReader:
    """Open a raster for reading.

    Raises:
        InputFileError: if it is missing, GDAL cannot read it, or it is a mosaic of itself.
    """
    if not path.exists():
        raise InputFileError(f'{path} does not exist; check the path of the raster')
    try:
        with warnings.catch_warnings():
            # check_georeference says it in words that help.
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            dataset = open_unhidden(path)
    except RasterioError as error:
        raise InputFileError(
            f'{path} cannot be read as a raster ({error}); check it with gdalinfo and '
            f'copy or download it again'
        ) from error
    if dataset.driver == 'VRT':
        raster_sources(dataset)  # refuses a loop
    return dataset


def check_bands(dataset: DatasetReader, bands: Sequence[int]) -> None:
    """Raise unless the bands exist and hold measured values.

    Raises:
        ConfigError: if no band is chosen, or bands are not counted from 1.
        RasterFormatError: if the raster lacks a band, or its type does not serve.
    """
    name = dataset.name
    if not bands or min(bands) < 1:
        raise ConfigError(f'bands are {tuple(bands)}; name at least one, counted from 1')
    if max(bands) > dataset.count:
        raise RasterFormatError(
            f'{name} has {counted(dataset.count, "band")}, wanted are bands {tuple(bands)}; choose '
            f'others in the config or give a raster that has them'
        )
    types = {dataset.dtypes[band - 1] for band in bands}
    if any(np.dtype(dtype).kind not in 'uif' for dtype in types) or len(types) > 1:
        raise RasterFormatError(
            f'{name} holds {", ".join(sorted(types))} values, wanted is one integer or '
            f'floating-point type; convert it with gdal_translate -ot'
        )
    if any(dataset.colorinterp[band - 1] is ColorInterp.palette for band in bands):
        raise RasterFormatError(
            f'{name} holds indices into a colour table, wanted are colours; convert it '
            f'with gdal_translate -expand rgb'
        )


def outline(grid: RasterGrid, on: RasterGrid) -> Polygon:
    """Draw the outline of one grid in the pixels of another.

    Args:
        grid: the grid drawn.
        on: the grid whose (col, row) are the coordinates.

    Returns:
        Polygon in pixels of ``on``; empty where the projection is undefined.
    """
    rows, cols = grid.shape
    steps = np.linspace(0, 1, OUTLINE_POINTS)
    ring_cols = cols * np.concatenate([steps, np.ones_like(steps), steps[::-1], 0 * steps])
    ring_rows = rows * np.concatenate([0 * steps, steps, np.ones_like(steps), steps[::-1]])
    xs, ys = rasterio.transform.xy(grid.transform, ring_rows, ring_cols, offset='ul')
    xs, ys = transform_points(grid.crs, on.crs, xs, ys)
    finite = np.isfinite(xs) & np.isfinite(ys)
    if finite.sum() < OUTLINE_POINTS:
        return Polygon()
    xs, ys = np.asarray(xs)[finite], np.asarray(ys)[finite]
    # The identity keeps fractions of a pixel, which rowcol would round.
    rows, cols = rasterio.transform.rowcol(on.transform, xs, ys, op=lambda value: value)
    return Polygon(np.column_stack([cols, rows])).buffer(0)


def check_overlap(dataset: DatasetReader, grid: RasterGrid) -> None:
    """Raise unless the raster covers a part of the grid.

    Raises:
        GridMismatchError: naming both grids.
    """
    own = RasterGrid.from_dataset(dataset)
    # The scene in the raster's pixels: the raster may be a mosaic far wider than the
    # region in which the scene's projection is defined.
    footprint = outline(grid, own)
    if footprint.intersection(box(0, 0, dataset.width, dataset.height)).area <= 0:
        raise GridMismatchError(
            f'{dataset.name} with grid {own} does not overlap the scene grid {grid}; give an '
            f'image of the same area, and check the CRS of both'
        )
