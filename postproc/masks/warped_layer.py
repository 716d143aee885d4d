"""A raster of any grid and CRS, read on the scene's grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import shapely
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError, RasterFormatError
from dfpenet_mm.files import OFF_GRID, WHOLE_AND_PLACED, read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from dfpenet_mm.rasters import check_placed
from dfpenet_mm.validity import ValidityRule
from dfpenet_mm.warped import WarpedRaster
from postproc.masks.product_rasters import open_raster

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
            # One by one: where it is level a slope is known, and an aspect is not.
            with self._reading():
                self._bands = [
                    stack.enter_context(_warped(source, band, grid, resampling)) for band in bands
                ]
            self._opened = stack.pop_all()

    def read(self, window: Window) -> list[np.ndarray]:
        """Return the bands in a window of the grid, float64 (rows, cols), NaN without data.

        Raises:
            InputFileError: if the raster breaks off.
        """
        layers = []
        for band, (scale, offset) in zip(self._bands, self._scales, strict=True):
            with self._reading():
                stored, known = band.read(window=window)[0], band.valid(window=window)
            known &= np.abs(stored) <= HIGHEST
            layers.append(np.where(known, stored * scale + offset, np.nan))
        return layers

    def close(self) -> None:
        """Close the raster."""
        self._opened.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self) -> AbstractContextManager[None]:
        return read_errors(self._path, how=OFF_GRID, advice=WHOLE_AND_PLACED)


def _warped(source: DatasetReader, band: int, grid: RasterGrid, resampling: str) -> WarpedRaster:
    rule = ValidityRule.of(source, (band,))
    # float64: whole metres would be rounded again between two cells.
    return WarpedRaster(source, rule, grid, Resampling[resampling], dtype='float64')


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
        with read_errors(
            path,
            advice='the file, or one that it refers to, is damaged or incomplete: copy or download '
            'it again',
        ):
            for index in tried:
                dataset.read(bands, window=squares[index])


def _whole(start: float, stop: float, size: int) -> tuple[int, int]:
    """Widen a stretch of an axis to whole pixels, at least one, of the ``size`` that there are."""
    first = min(max(int(start), 0), size - 1)
    return first, max(min(math.ceil(stop), size), first + 1)
