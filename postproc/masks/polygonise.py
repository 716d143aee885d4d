"""From mask pixels to one polygon for every connected region."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.features import shapes
from rasterio.io import DatasetReader

from dfpenet_mm.errors import ConfigError, RasterFormatError
from postproc.masks.rasters import LANDSLIDE, open_raster

# Pixels that meet at a corner belong together, as in the contours that image libraries trace
# (the paper numbers contours and says no more). A runout one pixel wide that runs obliquely
# stays one landslide, where 4-connectivity cuts it into pixels below the minimum area.
CONNECTIVITY = 8


def polygonise(mask: Path, *, connectivity: int = CONNECTIVITY) -> gpd.GeoDataFrame:
    """Turn every connected region of landslide pixels into one row.

    GDAL reads the band line by line, so memory grows with the regions, not with the pixels.

    Args:
        mask: uint8 raster of one band with a CRS: 0 background, 1 landslide, 255 nodata.
        connectivity: 8 joins pixels that share a corner, 4 only those that share a side.

    Returns:
        Valid polygons along the pixel edges, holes kept, in the mask's CRS, in the order of
        their first pixel. A region whose parts meet at corners only is a MultiPolygon.

    Raises:
        ConfigError: if ``connectivity`` is neither 4 nor 8.
        InputFileError: if the mask cannot be read.
        RasterFormatError: if it is not such a raster.
    """
    if connectivity not in (4, 8):
        raise ConfigError(f'connectivity is {connectivity!r}; wanted is 4 or 8')
    with open_raster(mask) as dataset:
        _check(dataset)
        geometries = _regions(dataset, connectivity)
        return gpd.GeoDataFrame(geometry=geometries, crs=dataset.crs)


def _regions(dataset: DatasetReader, connectivity: int) -> np.ndarray:
    # The band is its own mask: background (0) is never traced, and only nodata is in vain.
    band = rasterio.band(dataset, 1)
    traced = shapes(band, mask=band, connectivity=connectivity, transform=dataset.transform)
    regions = [shapely.geometry.shape(ring) for ring, value in traced if value == LANDSLIDE]
    return mend(np.array(regions, dtype=object))


def mend(geometries: np.ndarray) -> np.ndarray:
    """Make polygons valid without moving their outline.

    GDAL's 8-connected rings touch themselves at corners (OSGeo/gdal issue 7369).
    """
    invalid = ~shapely.is_valid(geometries)
    geometries[invalid] = shapely.make_valid(geometries[invalid])
    return geometries


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
