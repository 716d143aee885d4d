"""From mask pixels to one polygon for every connected region."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader

from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from postproc.atomic import brief
from postproc.masks.outlines import region_polygons
from postproc.masks.rasters import LANDSLIDE, open_raster
from postproc.masks.regions import connect
from postproc.masks.runs import strips

# Pixels that meet at a corner belong together, as in the contours that image libraries trace
# (the paper numbers contours and says no more). A runout one pixel wide that runs obliquely
# stays one landslide, where 4-connectivity cuts it into pixels below the minimum area.
CONNECTIVITY = 8


def polygonise(mask: Path, *, connectivity: int = CONNECTIVITY) -> gpd.GeoDataFrame:
    """Turn every connected region of landslide pixels into one row.

    The band is read strip by strip and kept as runs of landslide pixels, so that memory grows
    with the regions, not with the pixels.

    Args:
        mask: uint8 raster of one band with a CRS: 0 background, 1 landslide, 255 nodata.
        connectivity: 8 joins pixels that share a corner, 4 only those that share a side.

    Returns:
        Valid polygons along the pixel edges, holes kept, in the mask's CRS, by their last row
        and then by their first pixel. A region whose parts meet at corners is a MultiPolygon.

    Raises:
        ConfigError: if ``connectivity`` is neither 4 nor 8.
        InputFileError: if the mask cannot be read to its end.
        RasterFormatError: if it is not such a raster.
    """
    if connectivity not in (4, 8):
        raise ConfigError(f'connectivity is {connectivity!r}; wanted is 4 or 8')
    with open_raster(mask) as dataset:
        _check(dataset)
        geometries = _regions(dataset, connectivity)
        return gpd.GeoDataFrame(geometry=geometries, crs=dataset.crs)


def _regions(dataset: DatasetReader, connectivity: int) -> np.ndarray:
    try:
        regions = connect(strips(dataset, LANDSLIDE), dataset.width, corners=connectivity == 8)
    except RasterioIOError as error:
        raise InputFileError(
            f'{dataset.name} cannot be read to its end ({brief(error)}); check that it is complete'
        ) from error
    return region_polygons(regions, dataset.transform)[regions.by_last_row()]


def _check(dataset: DatasetReader) -> None:
    if dataset.count != 1 or dataset.dtypes[0] != 'uint8':
        raise RasterFormatError(
            f'{dataset.name} has {dataset.count} bands of type {dataset.dtypes[0]}; '
            f'a mask is one band of uint8 (0 background, 1 landslide, 255 nodata)'
        )
    if dataset.crs is None:
        raise RasterFormatError(
            f'{dataset.name} has no CRS, so its regions have no place; assign one, '
            f'for example with gdal_edit.py -a_srs'
        )
