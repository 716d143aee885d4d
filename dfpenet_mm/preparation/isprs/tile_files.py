"""Read ISPRS's TIFF files whole, and write tiles of which a window is read fast."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.files import disk_errors, read_errors
from dfpenet_mm.mapping.products.writer import check_complete
from dfpenet_mm.preparation.isprs.labels import PALETTE
from dfpenet_mm.vocabulary import IGNORED

PROFILE = {
    'driver': 'GTiff',
    'dtype': 'uint8',
    'tiled': True,
    'blockxsize': 256,
    'blockysize': 256,
}
# Not compressed: a 600 x 600 window of real pixels is then read in 1.2 ms, and by Deflate with a
# predictor, the fastest that every GDAL knows, in 22 ms. It would only halve the 0.5 GB.
IMAGE = {'photometric': 'RGB', 'interleave': 'pixel'}
# Labels shrink to a hundredth.
LABELS = {'count': 1, 'nodata': IGNORED, 'compress': 'DEFLATE'}


@dataclass(frozen=True)
class Tile:
    """The pixels of a tile and where it lies.

    Args:
        pixels: uint8, shape (rows, cols, bands).
        transform: from pixels to map units; the identity without a georeference.
        crs: None where the file names none, as ISPRS's do.
    """

    pixels: np.ndarray
    transform: Affine
    crs: CRS | None


def read_tile(path: Path, *, shown: str) -> Tile:
    """Read a TIFF of three or more 8-bit bands, with the world file beside it.

    Args:
        path: the file.
        shown: how errors name it.

    Raises:
        InputFileError: if GDAL cannot read it.
        RasterFormatError: if it has fewer bands or another type.
    """
    with _opened(path, shown) as source:
        pixels = np.ascontiguousarray(np.moveaxis(source.read(), 0, -1))
        return Tile(pixels, source.transform, source.crs)


def read_sample(path: Path, *, shown: str, side: int = 256) -> np.ndarray:
    """Read three bands of a file, thinned to at most ``side`` rows and columns.

    Returns:
        Array of shape (rows, cols, 3).

    Raises:
        InputFileError, RasterFormatError: as of ``read_tile``.
    """
    with _opened(path, shown) as source:
        shape = (3, min(side, source.height), min(side, source.width))
        return np.moveaxis(source.read((1, 2, 3), out_shape=shape), 0, -1)


def write_image(path: Path, tile: Tile) -> None:
    """Write an image.

    Raises:
        OutputError: if the disk refuses.
    """
    profile = {**IMAGE, 'count': tile.pixels.shape[-1]}
    _write(path, np.moveaxis(tile.pixels, -1, 0), tile, profile)


def write_labels(path: Path, labels: np.ndarray, tile: Tile) -> None:
    """Write labels where the image ``tile`` lies, with the classes' colours.

    Args:
        path: the file to write.
        labels: uint8, shape (rows, cols); 255 is nodata.
        tile: the image.

    Raises:
        OutputError: if the disk refuses.
    """
    _write(path, labels[None], tile, LABELS)


def _write(path: Path, bands: np.ndarray, tile: Tile, profile: dict) -> None:
    rows, cols = bands.shape[1:]
    place = {'height': rows, 'width': cols, 'crs': tile.crs, 'transform': tile.transform}
    with warnings.catch_warnings(action='ignore', category=NotGeoreferencedWarning):
        with (
            disk_errors(path, advice='free some space, or name another folder with --out'),
            rasterio.open(path, 'w', **PROFILE, **place, **profile) as target,
        ):
            target.write(bands)
            if profile is LABELS:
                target.write_colormap(1, dict(enumerate(map(tuple, PALETTE.tolist()))))
        check_complete(path)


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[DatasetReader]:
    """Open a file of 8-bit colours; ISPRS's own have no georeference, and training needs none."""
    with (
        read_errors(shown, how='cannot be read as an image', advice='download it again'),
        warnings.catch_warnings(action='ignore', category=NotGeoreferencedWarning),
        rasterio.open(path) as source,
    ):
        if source.count < 3 or set(source.dtypes) != {'uint8'}:
            raise RasterFormatError(
                f'{shown} has {source.count} bands of {source.dtypes[0]}, wanted are three or more '
                f'of uint8; download it again'
            )
        yield source
