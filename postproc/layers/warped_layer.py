"""A raster of any grid and CRS, read on the scene's grid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from postproc.atomic import brief
from postproc.masks.rasters import open_raster


class WarpedLayer(AbstractContextManager):
    """Bands of a raster, resampled to a grid window by window.

    Where the raster is finer than the grid, bilinear averages over the grid's pixel (GDAL widens
    its kernel). A pixel is without data where the raster's nodata value, mask band, alpha band,
    NaN or end says so. Scale and offset of a band are applied.

    Args:
        path: the raster.
        grid: the scene's grid.
        bands: the bands to read, from 1.
        resampling: ``bilinear`` for measured values, ``nearest`` for classes.

    Raises:
        InputFileError: if the raster is missing, or cannot be brought onto the grid.
    """

    def __init__(
        self,
        path: Path,
        grid: RasterGrid,
        *,
        bands: Sequence[int] = (1,),
        resampling: str = 'bilinear',
    ) -> None:
        self._path, self._bands = path, list(bands)
        self._source = open_raster(path)
        try:
            self._warped = WarpedVRT(
                self._source,
                **_grid_options(grid),
                **_nodata_options(self._source, self._bands),
                resampling=Resampling[resampling],
            )
        except RasterioError as error:
            self._source.close()
            raise self._unreadable(error) from error

    def read(self, window: Window) -> list[np.ndarray]:
        """Return the bands in a window of the grid, float64 (rows, cols), NaN without data.

        Raises:
            InputFileError: if the raster breaks off.
        """
        try:
            stored = self._warped.read(self._bands, window=window)
            known = np.isfinite(stored)
            if ColorInterp.alpha in self._warped.colorinterp:
                alpha = self._warped.colorinterp.index(ColorInterp.alpha) + 1
                known &= self._warped.read(alpha, window=window) > 0
        except RasterioError as error:
            raise self._unreadable(error) from error
        scales, offsets = (
            np.array(values)[np.array(self._bands) - 1, None, None]
            for values in (self._source.scales, self._source.offsets)
        )
        return list(np.where(known, stored * scales + offsets, np.nan))

    def close(self) -> None:
        """Close the raster."""
        self._warped.close()
        self._source.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _unreadable(self, error: Exception) -> InputFileError:
        return InputFileError(
            f'{self._path} cannot be read on the scene grid ({brief(error)}); check that it is '
            f'complete, and its CRS'
        )


def _grid_options(grid: RasterGrid) -> dict[str, Any]:
    rows, cols = grid.shape
    # float64: whole metres would be rounded again between two cells.
    return {
        'crs': grid.crs,
        'transform': grid.transform,
        'height': rows,
        'width': cols,
        'dtype': 'float64',
    }


def _nodata_options(source: DatasetReader, bands: Sequence[int]) -> dict[str, Any]:
    nodata = source.nodatavals[bands[0] - 1]
    if nodata is None and np.issubdtype(np.dtype(source.dtypes[bands[0] - 1]), np.floating):
        nodata = np.nan
    if ColorInterp.alpha in source.colorinterp:
        return {'src_nodata': None}
    if nodata is None:
        return {'src_nodata': None, 'add_alpha': True}
    return {'src_nodata': nodata, 'nodata': np.nan}
