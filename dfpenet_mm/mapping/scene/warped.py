"""A raster seen on another raster's grid."""

from __future__ import annotations

import numpy as np
from rasterio.enums import ColorInterp, Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from dfpenet_mm.grid import RasterGrid


def warp_nearest(source: DatasetReader, grid: RasterGrid) -> WarpedVRT:
    """Lay a raster's stored values on a grid, nodata and all.

    Args:
        source: the open raster.
        grid: the wanted grid.

    Returns:
        The raster on the grid, with a transparency band: 0 outside of the source, where its
        mask or transparency hides it, and where all its bands are nodata.
    """
    return _warp(source, grid, Resampling.nearest, {})


def warp_bilinear(source: DatasetReader, grid: RasterGrid) -> WarpedVRT:
    """Interpolate a raster's valid values on a grid.

    Args:
        source: the open raster.
        grid: the wanted grid.

    Returns:
        The raster on the grid. No nodata leaks into a value, in no band.
    """
    return _warp(source, grid, Resampling.bilinear, {'UNIFIED_SRC_NODATA': 'PARTIAL'})


def _warp(
    source: DatasetReader, grid: RasterGrid, resampling: Resampling, options: dict[str, str]
) -> WarpedVRT:
    if source.nodata is None and np.dtype(source.dtypes[0]).kind == 'f':
        # Unless told, GDAL interpolates NaN into the neighbours.
        options = options | {'src_nodata': np.nan}
    return WarpedVRT(
        source,
        crs=grid.crs,
        transform=grid.transform,
        height=grid.shape[0],
        width=grid.shape[1],
        resampling=resampling,
        add_alpha=ColorInterp.alpha not in source.colorinterp,
        **options,
    )
