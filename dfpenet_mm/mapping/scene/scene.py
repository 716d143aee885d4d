"""A raster opened for mapping: checked, and read window by window on the scene's grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely import box

from dfpenet_mm.bands import choose_bands
from dfpenet_mm.errors import (
    ConfigError,
    EmptySceneError,
    GridMismatchError,
    InputFileError,
    RasterFormatError,
    brief,
)
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import outline
from dfpenet_mm.mapping.scene.averaged import AveragedRaster
from dfpenet_mm.mapping.scene.doubts import doubt_format
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.source_files import absolute_name
from dfpenet_mm.validity import ValidityRule, held_value
from dfpenet_mm.warped import WarpedRaster
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
            f'{name} has {counted(dataset.count, "band")}, wanted are bands '
            f'{", ".join(map(str, bands))}; choose others with --bands or in the config, or give '
            f'a raster that has them'
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


# No unit of light gives larger values, and sums of these still fit single precision.
LARGEST = 1e30
# Side of the tiles in which a whole scene is streamed, pixels.
TILE = 1024


class Scene:
    """A raster, or a raster warped to another one's grid, read by windows.

    Use it as a context manager, or call ``close``.

    Args:
        path: the raster.
        bands: bands to read, counted from 1, in the order the network wants.
        grid: grid to read it on, such as the post-event scene's; None for its own. On a coarser
            grid that lies straight on its own, values are averages (``AveragedRaster``). On any
            other one they are interpolated bilinearly, and a pixel is valid only if the source
            pixel at its centre is. On the very same grid nothing is resampled.
        by_colour: take for bands 1, 2, 3 those that the file calls red, green and blue.
        nodata: values that are no data, besides what the file declares.
        known: whether it is known to hold a valid pixel, which may take reading all of it to find.

    Raises:
        InputFileError: if the file is missing or cannot be read.
        RasterFormatError: if its bands, type or georeference do not serve.
        GridMismatchError: if it does not overlap ``grid``.
        EmptySceneError: if it has no valid pixel on the grid.
        ConfigError: if ``bands`` is empty or not counted from 1.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        bands: Sequence[int] = (1, 2, 3),
        grid: RasterGrid | None = None,
        by_colour: bool = True,
        nodata: Sequence[float] = (),
        known: bool = False,
    ) -> None:
        self.path = Path(path)
        self.nodata = tuple(nodata)
        with ExitStack() as stack:
            source = stack.enter_context(open_raster(self.path))
            self.choice = choose_bands(source, bands, by_colour=by_colour)
            self.bands = self.choice.bands
            check_bands(source, self.bands)
            check_georeference(source)
            self.doubts = list(doubt_format(source))
            first = self.bands[0] - 1
            self.dtype = np.dtype(source.dtypes[first])
            # What a number times the first and plus the second measures.
            self.declared = float(source.scales[first]), float(source.offsets[first])
            self.names = tuple(map(str, source.tags().values()))
            self._choose_grid(source, grid, stack)
            if not known:
                self._check_not_empty()
            self._stack = stack.pop_all()

    def _choose_grid(
        self, source: DatasetReader, grid: RasterGrid | None, stack: ExitStack
    ) -> None:
        self.own_grid = RasterGrid.from_dataset(source)
        self.grid = grid or self.own_grid
        self.resampled = not self.grid.matches(self.own_grid)
        self._source, self._rule = source, ValidityRule.of(source, self.bands, self.nodata)
        self._averaged: AveragedRaster | None = None
        if self.resampled:
            check_overlap(source, self.grid)
            self._averaged = AveragedRaster.of(source, self._rule, self.grid)
        if self.resampled and not self._averaged:
            on_grid = source, self._rule, self.grid
            bilinear = WarpedRaster(*on_grid, Resampling.bilinear)
            self._values = stack.enter_context(bilinear)
            # One band will do to see where the centres of pixels fall.
            nearest = WarpedRaster(*on_grid, Resampling.nearest, bands=self.bands[:1])
            self._validity = stack.enter_context(nearest)

    def can_hold(self, value: float) -> bool:
        """Tell whether a pixel can have a value."""
        return held_value(self.dtype.name, value) is not None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the grid."""
        return self.grid.shape

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Read a window as numbers that the network can be given.

        Args:
            window: pixels of ``grid``, inside it.

        Returns:
            Bands, shape (B, H, W), float32, the raster's units, 0 where not valid;
            and validity, shape (H, W), bool.

        Raises:
            InputFileError: if the file is damaged there.
            RasterFormatError: if it holds values there that nothing measures.
        """
        raw, valid = self.read_raw(window)
        return raw.astype(np.float32), valid

    def read_raw(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Read a window like ``read``, but in the type in which the file holds its values."""
        try:
            raw, valid = self._read_stored(window)
        except RasterioError as error:
            # GDAL's own words, which name file and block, are in the cause.
            raise InputFileError(
                f'{self.path} cannot be read at {window} ({brief(error)}); the file, '
                f'or one that it refers to, is damaged or incomplete: copy or download it again'
            ) from error
        if not valid.all():
            # A nodata value of -1.8e308 would overflow in float32.
            raw[:, ~valid] = 0
        if raw.dtype.kind == 'f':
            self._check_range(raw)
        return raw, valid

    def _check_range(self, raw: np.ndarray) -> None:
        beyond = raw[np.abs(raw) > LARGEST]
        if beyond.size:
            value = float(beyond[0])
            raise RasterFormatError(
                f'{self.path} holds {value!r}, which is no measured value, and does not declare it '
                f'as nodata; if it marks where there is no image, say so with --nodata={value!r}'
            )

    def _read_stored(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        if not self.resampled:
            raw = self._source.read(self.bands, window=window)
            return raw, self._rule.read(self._source, raw, window=window)
        if self._averaged:
            return self._averaged.read(window)
        return self._values.read(window=window), self._validity.valid(window=window)

    def tiles(self) -> Iterator[Window]:
        """Cover the scene with windows that do not overlap, from the top left."""
        rows, cols = self.shape
        for row in range(0, rows, TILE):
            for col in range(0, cols, TILE):
                yield Window(col, row, min(TILE, cols - col), min(TILE, rows - row))

    def _check_not_empty(self) -> None:
        if not any(self.read(window)[1].any() for window in self.tiles()):
            place = f' on the scene grid {self.grid}' if self.resampled else ''
            raise EmptySceneError(
                f'{self.path} has no valid pixel{place}; check its nodata value and mask, or '
                f'give another image'
            )

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class SceneSource:
    """A scene by its name, for workers to open; it pickles.

    Args:
        path: the raster, absolute, as every worker must see it.
        bands: bands to read, from 1.
        grid: grid to read it on; None for its own.
        nodata: values that are no data, besides what the file declares.
    """

    path: Path
    bands: tuple[int, ...]
    grid: RasterGrid | None = None
    nodata: tuple[float, ...] = ()

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """Name an open scene."""
        grid = scene.grid if scene.resampled else None
        return cls(absolute_name(scene.path), scene.bands, grid, scene.nodata)

    def open(self) -> Scene:
        """Open the scene once more; whether it holds any valid pixel is not looked up again.

        Raises:
            InputFileError: if the file cannot be read any more.
        """
        return Scene(
            self.path,
            bands=self.bands,
            grid=self.grid,
            by_colour=False,
            nodata=self.nodata,
            known=True,
        )
