"""The inventory as a still picture, for a page on paper."""

from __future__ import annotations

import numpy as np
import shapely
from PIL import Image, ImageDraw

from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.page.map import OUTLINES

PAPER = (255, 255, 255)
MAX_SIDE = 1400


def situation_picture(backdrop: Backdrop, outlines: np.ndarray) -> Image.Image:
    """Draw outlines over an image.

    Args:
        backdrop: the image.
        outlines: polygons in its pixels, shape (landslides,).

    Returns:
        Red, green and blue, nodata white, as wide and high as the ground.
    """
    image = Image.fromarray(backdrop.colours)
    picture = Image.new('RGB', image.size, PAPER)
    picture.paste(image, mask=image.getchannel('A'))
    pen = ImageDraw.Draw(picture)
    for ring in shapely.get_rings(shapely.get_parts(outlines)):
        pen.line([tuple(point) for point in shapely.get_coordinates(ring)], OUTLINES['landslides'])
    return picture.resize(_size(backdrop), Image.Resampling.LANCZOS)


def _size(backdrop: Backdrop) -> tuple[int, int]:
    rows, cols = backdrop.grid.shape
    across, down = backdrop.grid.pixel_size
    finest = min(across, down)
    width, height = cols * across / finest, rows * down / finest
    factor = min(1.0, MAX_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))
