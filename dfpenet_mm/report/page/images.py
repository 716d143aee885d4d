"""Pictures inside the page, as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageColor, UnidentifiedImageError
from rasterio.enums import Resampling

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.palette import FALSE_ALARM, HIT, MISS

# WebP at this quality: half of a JPEG's size at the same look, and nodata stays transparent.
QUALITY = 78
# Verdicts of an evaluation raster -> what they are called and their colour, as in the figures.
VERDICTS = {
    1: ('hit (TP): found and in the reference', HIT),
    2: ('false alarm (FP): found, not in the reference', FALSE_ALARM),
    3: ('miss (FN): in the reference, not found', MISS),
    4: ('false alarm near a boundary', '#f2b48c'),
    5: ('miss near a boundary', '#8cc0e6'),
}
VERDICT_ALPHA = 190


def data_uri(image: Image.Image, *, lossless: bool = False, quality: int = QUALITY) -> str:
    """Return a picture as WebP in a data URI."""
    buffer = io.BytesIO()
    image.save(buffer, 'WEBP', lossless=lossless, quality=quality, method=4)
    return f'data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode("ascii")}'


def picture_uri(path: Path, *, width: int = 1400) -> str:
    """Return a picture file as a data URI, made smaller if it is wider than wanted.

    Raises:
        InputFileError: if it is no picture.
    """
    try:
        with Image.open(path) as image:
            plain = image.convert('RGB')
    except (OSError, UnidentifiedImageError) as error:
        raise InputFileError(f'{path} cannot be shown ({error}); draw it again') from error
    plain.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    return data_uri(plain, quality=82)


def colours_uri(colours: np.ndarray) -> str:
    """Return red, green, blue and alpha, uint8, shape (rows, cols, 4), as a data URI."""
    return data_uri(Image.fromarray(colours))


def verdicts_uri(path: Path, grid: RasterGrid) -> str:
    """Return an evaluation raster in its colours, background transparent.

    Args:
        path: GeoTIFF of verdicts, on a grid over the same ground as ``grid``.
        grid: rows and columns wanted.

    Raises:
        InputFileError: if it cannot be read.
    """
    try:
        with rasterio.open(path) as source:
            shrinks = source.shape != grid.shape
            resampling = Resampling.mode if shrinks else Resampling.nearest
            verdicts = source.read(1, out_shape=grid.shape, resampling=resampling)
    except rasterio.errors.RasterioError as error:
        raise InputFileError(
            f'{path} cannot be drawn ({error}); evaluate the inventory again'
        ) from error
    table = np.zeros((256, 4), np.uint8)
    for value, (_, colour) in VERDICTS.items():
        table[value] = (*ImageColor.getrgb(colour), VERDICT_ALPHA)
    return data_uri(Image.fromarray(table[verdicts]), lossless=True)
