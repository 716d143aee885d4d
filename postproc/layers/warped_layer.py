"""A raster of any grid and CRS, read on the scene's grid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.validity import ValidityRule
from dfpenet_mm.warped import WarpedRaster
from postproc.atomic import brief
from postproc.masks.rasters import open_raster

# Beyond single precision, which no measurement is.
HIGHEST = float(np.finfo(np.float32).max)


class WarpedLayer(AbstractContextManager):
    """Bands of a raster, resampled to a grid window by window.

    Where the raster is finer than the grid, bilinear averages over the grid's pixel (GDAL widens
    its kernel). A pixel is without data where all that its value would be made of is invalid by
    the rule of ``dfpenet_mm.validity``, or beyond single precision, which no measurement is.
    Scale and offset of a band are applied.

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
        self._path = path
        with ExitStack() as stack:
            source = stack.enter_context(open_raster(path))
            self._scales = [(source.scales[band - 1], source.offsets[band - 1]) for band in bands]
            try:
                # One by one: where it is level a slope is known, and an aspect is not.
                self._bands = [
                    stack.enter_context(_warped(source, band, grid, resampling)) for band in bands
                ]
            except RasterioError as error:
                raise self._unreadable(error) from error
            self._opened = stack.pop_all()

    def read(self, window: Window) -> list[np.ndarray]:
        """Return the bands in a window of the grid, float64 (rows, cols), NaN without data.

        Raises:
            InputFileError: if the raster breaks off.
        """
        layers = []
        for band, (scale, offset) in zip(self._bands, self._scales, strict=True):
            try:
                stored, known = band.read(window=window)[0], band.valid(window=window)
            except RasterioError as error:
                raise self._unreadable(error) from error
            known &= np.abs(stored) <= HIGHEST
            layers.append(np.where(known, stored * scale + offset, np.nan))
        return layers

    def close(self) -> None:
        """Close the raster."""
        self._opened.close()

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


def _warped(source: DatasetReader, band: int, grid: RasterGrid, resampling: str) -> WarpedRaster:
    rule = ValidityRule.of(source, (band,))
    # float64: whole metres would be rounded again between two cells.
    return WarpedRaster(source, rule, grid, Resampling[resampling], dtype='float64')
