"""A picture of the image after and the one before, to be looked at before mapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageDraw
from rasterio.enums import Resampling

# Pixels of each picture's longer side, and of the line of text above it.
LONGEST, TEXT, GAP = 900, 16, 8
# Reflectance that is white, ten-thousandths; a curve lightens the shadows.
WHITE, GAMMA = 3_000.0, 0.7
NOTHING = (150, 150, 150)


def write_quick_look(path: Path, pictures: dict[str, Path]) -> None:
    """Draw images side by side; grey is where one has no data, or was masked.

    Args:
        path: PNG to write.
        pictures: rasters of red, green, blue in ten-thousandths of reflectance, by title.
    """
    drawn = {title: _draw(raster) for title, raster in pictures.items()}
    width = sum(picture.width for picture in drawn.values()) + GAP * (len(drawn) - 1)
    height = max(picture.height for picture in drawn.values()) + TEXT
    page = Image.new('RGB', (width, height), 'white')
    pen, left = ImageDraw.Draw(page), 0
    for title, picture in drawn.items():
        pen.text((left + 2, 2), title, fill='black')
        page.paste(picture, (left, TEXT))
        left += picture.width + GAP
    page.save(path)


def _draw(raster: Path) -> Image.Image:
    with rasterio.open(raster) as source:
        share = min(1.0, LONGEST / max(source.shape))
        rows, cols = (max(1, round(side * share)) for side in source.shape)
        bands = source.read((1, 2, 3), out_shape=(3, rows, cols), resampling=Resampling.nearest)
    light = np.clip(bands / WHITE, 0, 1) ** GAMMA * 255
    picture = np.moveaxis(np.rint(light), 0, -1).astype(np.uint8)
    picture[(bands == 0).all(axis=0)] = NOTHING
    return Image.fromarray(picture)
