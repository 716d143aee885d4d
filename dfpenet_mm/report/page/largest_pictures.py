"""Close pictures of the largest landslides, at the image's own resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from PIL import Image, ImageDraw

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.page.frame import MapFrame
from dfpenet_mm.report.page.images import data_uri
from dfpenet_mm.report.page.map import OUTLINES
from dfpenet_mm.report.run_products import RunProducts

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
            role: _draw(role, grid, outline, products) for role in products.roles
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
    corner = Affine.translation((left + right - cols) / 2, (top + bottom - rows) / 2)
    grid = frame.grid
    return RasterGrid(grid.crs, grid.transform @ corner, (rows, cols)), side


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
        pen.line([tuple(point) for point in points], OUTLINES['landslides'], width=1)
    return data_uri(picture)
