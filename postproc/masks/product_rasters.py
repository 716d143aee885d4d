"""The rasters of a product: opened, walked over by window, and written anew."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.files import BREAKS_OFF, read_errors, whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.rasters import open_raster
from postproc.product import LandslideProduct

# 1024 is a multiple of the usual tile sizes, so that a tile is read and written once.
WINDOW_SIZE = 1024
TILE = 512
# Higher levels of deflate take time and save next to nothing on a mask.
ZLEVEL = 1

# Takes a window and its pixels, uint8, shape (rows, cols).
Writer = Callable[[Window, np.ndarray], None]


def open_role(product: LandslideProduct, role: str) -> DatasetReader:
    """Open the product's raster of that role, on the product's grid.

    Raises:
        InputFileError: if the product has none, or it cannot be read.
        GridMismatchError: if it is on another grid.
    """
    if role not in product.rasters:
        raise InputFileError(
            f'the product has the rasters {sorted(product.rasters)} but no {role!r}; '
            f'give the path of one on the scene grid'
        )
    dataset = open_raster(product.rasters[role])
    try:
        product.grid.require_match(RasterGrid.from_dataset(dataset), f'the raster {role!r}')
    except Exception:
        dataset.close()
        raise
    return dataset


def scene_windows(shape: tuple[int, int], size: int = WINDOW_SIZE) -> Iterator[Window]:
    """Cut a raster into windows, row by row; those at the far edges may be smaller.

    Args:
        shape: (rows, cols).
        size: side of a window, pixels.
    """
    rows, cols = shape
    for row in range(0, rows, size):
        for col in range(0, cols, size):
            yield Window(col, row, min(size, cols - col), min(size, rows - row))


def tiled_profile(grid: RasterGrid, count: int, dtype: str) -> dict[str, Any]:
    """Return the layout of a new raster on ``grid`` in square tiles."""
    rows, cols = grid.shape
    return {
        **{'driver': 'GTiff', 'count': count, 'dtype': dtype, 'bigtiff': 'if_safer'},
        **{'width': cols, 'height': rows, 'crs': grid.crs, 'transform': grid.transform},
        **{'tiled': True, 'blockxsize': TILE, 'blockysize': TILE},
    }


def mask_profile(grid: RasterGrid) -> dict[str, Any]:
    """Return the layout of a new raster of one byte a pixel on ``grid``: tiled and deflated."""
    return {**tiled_profile(grid, 1, 'uint8'), 'compress': 'deflate', 'zlevel': ZLEVEL}


@contextmanager
def new_mask(path: Path, profile: Mapping[str, Any]) -> Iterator[tuple[DatasetWriter, Writer]]:
    """Create a raster of one band, and compare it in the end with what was written.

    Args:
        path: the raster.
        profile: its layout.

    Yields:
        The open raster, for its tags and colours, and a function that writes pixels, uint8 (rows,
        cols), into a window.

    Raises:
        OSError: if the file does not hold the pixels that were written. What GDAL still holds
            when a file is closed is lost without an error on a full disk.
    """
    written: list[tuple[Window, int]] = []
    with rasterio.open(path, 'w', **profile) as dataset:

        def write(window: Window, pixels: np.ndarray) -> None:
            dataset.write(pixels, 1, window=window)
            written.append((window, zlib.crc32(pixels.tobytes())))

        yield dataset, write
    with rasterio.open(path) as dataset:
        for window, checksum in written:
            if zlib.crc32(dataset.read(1, window=window).tobytes()) != checksum:
                raise OSError(errno.EIO, 'the file does not hold the pixels that were written')


def edit_mask(
    source: Path, destination: Path, edit: Callable[[Window, np.ndarray], np.ndarray]
) -> Path:
    """Write an edited copy of a mask, window by window, complete or not at all.

    Args:
        source: the mask; its profile, tags and colours are kept.
        destination: path of the copy; may be ``source`` itself.
        edit: from a window and its pixels, uint8 (rows, cols), to the new pixels.

    Returns:
        ``destination``.

    Raises:
        InputFileError: if ``source``, or a raster that ``edit`` reads, cannot be read.
        OutputError: if the copy cannot be written, as on a full disk.
    """
    with (
        whole_file(destination) as part,
        open_raster(source) as mask,
        new_mask(part, {**mask.profile, 'zlevel': ZLEVEL}) as (copy, write),
    ):
        copy.update_tags(**mask.tags())
        if mask.colorinterp[0] == ColorInterp.palette:
            copy.write_colormap(1, mask.colormap(1))
        for window in scene_windows(mask.shape):
            write(window, _edited(mask, edit, window).astype(np.uint8, copy=False))
    return destination


def _edited(
    mask: DatasetReader, edit: Callable[[Window, np.ndarray], np.ndarray], window: Window
) -> np.ndarray:
    with read_errors(
        f'{mask.name}, or a raster to combine with it,',
        how=BREAKS_OFF,
        advice='check that both are complete',
    ):
        return edit(window, mask.read(1, window=window))
