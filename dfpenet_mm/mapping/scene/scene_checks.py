"""What a raster must be before it can be mapped, and how to mend it where it is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader
from shapely import box

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from dfpenet_mm.wording import counted


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
