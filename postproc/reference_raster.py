"""A reference inventory that is a raster, on any grid and in any CRS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from dfpenet_mm.errors import RasterFormatError
from postproc.rasters import LANDSLIDE, NODATA, edit_mask, open_raster


def check_raster(path: Path) -> None:
    """Refuse a raster that is no reference.

    Raises:
        InputFileError: if it cannot be read.
        RasterFormatError: if it has several bands or no CRS.
    """
    with open_raster(path) as dataset:
        if dataset.count != 1:
            raise RasterFormatError(
                f'the reference {path} has {dataset.count} bands; wanted is one band of '
                f'landslide values'
            )
        if dataset.crs is None:
            raise RasterFormatError(
                f'the reference {path} has no CRS, so it has no place; assign one, for example '
                f'with gdal_edit.py -a_srs'
            )


def warp_reference(path: Path, mask: Path, destination: Path, landslide_value: int = 1) -> Path:
    """Write a reference raster on the scene's grid: nearest pixel, 0, 1, and 255 for unknown.

    Unknown is what lies outside of the raster, is its nodata value or 255. A nodata value of
    0 is read as background: that is how binary maps without unknown pixels are often tagged.

    Args:
        path: the reference, one band.
        mask: the scene's mask, whose grid is wanted.
        destination: file to write.
        landslide_value: value of landslide pixels in ``path``; 255 is one of them if so given.

    Returns:
        ``destination``.

    Raises:
        InputFileError: if a raster cannot be read.
        RasterFormatError: if the reference has several bands or no CRS.
    """
    check_raster(path)
    with open_raster(path) as source, open_raster(mask) as scene:
        grid = {
            'crs': scene.crs,
            'transform': scene.transform,
            'width': scene.width,
            'height': scene.height,
        }
        # Alpha, not a nodata value, tells where the source ends: any value may be in use.
        with WarpedVRT(
            source, **grid, resampling=Resampling.nearest, src_nodata=None, add_alpha=True
        ) as warped:

            def reference(window, _):
                values = warped.read(1, window=window)
                unknown = _unknown(values, source, landslide_value)
                unknown |= warped.read(warped.count, window=window) == 0
                return np.where(unknown, NODATA, (values == landslide_value) * LANDSLIDE)

            return edit_mask(mask, destination, reference)


def _unknown(values: np.ndarray, source: DatasetReader, landslide_value: int) -> np.ndarray:
    unknown = (values == NODATA) | np.isnan(values)
    if source.nodata not in (None, 0):
        unknown |= values == source.nodata
    return unknown & (values != landslide_value)
