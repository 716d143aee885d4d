"""Pictures inside the page, as data URIs, and close ones of the largest landslides."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from PIL import Image, ImageColor, ImageDraw
from rasterio.enums import Resampling
from rasterio.windows import Window

from dfpenet_mm.class_rasters import painted
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.palette import FALSE_ALARM, HIT, KEPT, MISS
from dfpenet_mm.report.page.map_frame import MapFrame
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.vocabulary import Verdict

# WebP at this quality: half of a JPEG's size at the same look, and nodata stays transparent.
QUALITY = 78
# Verdicts of an evaluation raster -> what they are called and their colour, as in the figures.
VERDICTS = {
    Verdict.TP: ('hit (TP): found and in the reference', HIT),
    Verdict.FP: ('false alarm (FP): found, not in the reference', FALSE_ALARM),
    Verdict.FN: ('miss (FN): in the reference, not found', MISS),
    Verdict.FP_AT_BOUNDARY: ('false alarm near a boundary', '#f2b48c'),
    Verdict.FN_AT_BOUNDARY: ('miss near a boundary', '#8cc0e6'),
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
    with (
        read_errors(path, how='cannot be shown', advice='draw it again'),
        Image.open(path) as image,
    ):
        plain = image.convert('RGB')
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
    colours = {
        value: (*ImageColor.getrgb(colour), VERDICT_ALPHA)
        for value, (_, colour) in VERDICTS.items()
    }
    with (
        read_errors(path, how='cannot be drawn', advice='evaluate the inventory again'),
        rasterio.open(path) as source,
    ):
        shrinks = source.shape != grid.shape
        resampling = Resampling.mode if shrinks else Resampling.nearest
        verdicts = source.read(1, out_shape=grid.shape, resampling=resampling)
    return data_uri(Image.fromarray(painted(verdicts, colours)), lossless=True)


SIDE_PX = 220
# The landslide takes two thirds of the picture's side, and a picture has at least so many pixels.
MARGIN, LEAST_PIXELS = 1.5, 36
NODATA = (223, 227, 230)


def largest_pictures(
    table: gpd.GeoDataFrame, products: RunProducts, rows: Sequence[int]
) -> list[dict[str, Any]]:
    """Draw landslides closely, square on the ground and as bright as the map.

    Args:
        table: landslides with ``id`` and ``area_m2``.
        products: of the run, for its images.
        rows: of the landslides wanted.

    Returns:
        For each its ``row``, ``id``, ``area_m2``, ``side_m`` of the picture, and the data URIs
        ``post`` and ``pre`` (None without such an image).
    """
    frame = MapFrame(products.grid)
    pictures = []
    for row in rows:
        landslide = table.iloc[[row]]
        grid, side_m = _window(frame, frame.pixels(landslide.geometry)[0])
        outline = MapFrame(grid).pixels(landslide.geometry)[0]
        drawn = {'pre': None} | {
            role: _draw(role, grid, outline, products) for role in products.images
        }
        known = {'id': int(landslide['id'].iloc[0]), 'area_m2': float(landslide['area_m2'].iloc[0])}
        pictures.append({'row': int(row), 'side_m': side_m, **known, **drawn})
    return pictures


def _window(frame: MapFrame, outline: shapely.Geometry) -> tuple[RasterGrid, float]:
    """Return the grid of a square around an outline given in pixels, and its side in metres."""
    left, top, right, bottom = outline.bounds
    across, down = frame.step
    extent = max((right - left) * across, (bottom - top) * down)
    side = max(MARGIN * extent, LEAST_PIXELS * max(across, down))
    cols, rows = (max(1, round(side / step)) for step in frame.step)
    window = Window((left + right - cols) / 2, (top + bottom - rows) / 2, cols, rows)
    return frame.grid.window(window), side


def _draw(role: str, grid: RasterGrid, outline: shapely.Geometry, products: RunProducts) -> str:
    limits = products.backdrops[role].limits
    backdrop = products.picture(role, grid, SIDE_PX, limits)
    image = Image.fromarray(backdrop.colours)
    picture = Image.new('RGB', image.size, NODATA)
    picture.paste(image, mask=image.getchannel('A'))
    picture = picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
    scale = np.array([SIDE_PX / grid.shape[1], SIDE_PX / grid.shape[0]])
    pen = ImageDraw.Draw(picture)
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        points = shapely.get_coordinates(ring) * scale
        pen.line([tuple(point) for point in points], KEPT, width=1)
    return data_uri(picture)
