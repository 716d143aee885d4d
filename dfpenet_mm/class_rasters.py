"""Small rasters of classes, made so that nothing vanishes because it is smaller than a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import ArrayLike
from rasterio.features import rasterize
from rasterio.windows import Window

from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import NODATA

STRIP_PIXELS = 2**22


def limited(shape: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Return the shape of a raster with the same proportions and at most ``max_side`` a side."""
    factor = max(1.0, max(shape) / max_side)
    rows, cols = (max(1, round(side / factor)) for side in shape)
    return rows, cols


def in_pixels(geometries: Sequence, grid: RasterGrid) -> np.ndarray:
    """Move geometries of a grid's CRS to its pixels, (col, row)."""
    to_pixels = ~grid.transform

    def moved(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_pixels @ tuple(points.T))

    return shapely.transform(np.asarray(geometries, dtype=object), moved)


def burn(
    polygons: np.ndarray, scene: tuple[int, int], shape: tuple[int, int], values: ArrayLike = 1
) -> np.ndarray:
    """Burn polygons.

    Args:
        polygons: in the scene's pixels, shape (polygons,).
        scene: (rows, cols) of the scene.
        shape: of the raster wanted, which covers the scene.
        values: 1 to 255, one for all or one a polygon; the last one counts.

    Returns:
        uint8, 0 outside of all polygons. On cells larger than a pixel, whatever a polygon
        touches is its, so that none is too small to be seen.
    """
    burnt = np.zeros(shape, np.uint8)
    if not len(polygons):
        return burnt
    scale = Affine.scale(scene[1] / shape[1], scene[0] / shape[0])
    coarse = max(scene) > max(shape)
    if coarse:
        # Steps from pixel to pixel that no cell shows.
        polygons = shapely.simplify(polygons, max(scene) / max(shape) / 4)
    each = np.broadcast_to(np.asarray(values, np.uint8), len(polygons)).tolist()
    pairs = zip(polygons, each, strict=True)
    return rasterize(pairs, out=burnt, transform=scale, all_touched=coarse)


def reduced(classes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Make a raster of classes coarser.

    Args:
        classes: 0 to 254, 0 being the background, and 255 what is not known, shape (rows, cols).
        shape: of the result, nowhere larger.

    Returns:
        In every cell the most frequent class that is neither 0 nor 255, if there is any.
    """
    if classes.shape == shape:
        return classes
    edges, cols = _edges(classes.shape[0], shape[0]), classes.shape[1]
    return np.concatenate(
        [
            _reduced_strip(classes[edges[first] : edges[last]], (last - first, shape[1]))
            for first, last in _strips(edges, cols)
        ]
    )


def read_reduced(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Read a raster of classes as ``reduced`` makes it, strip by strip.

    Raises:
        InputFileError: if it cannot be read.
    """
    with (
        read_errors(path, how='cannot be drawn', advice='give the folder of a complete run'),
        rasterio.open(path) as source,
    ):
        if source.shape == shape:
            return source.read(1)
        edges = _edges(source.height, shape[0])
        strips = []
        for first, last in _strips(edges, source.width):
            height = edges[last] - edges[first]
            window = Window(0, edges[first], source.width, height)
            strip = source.read(1, window=window)
            strips.append(_reduced_strip(strip, (last - first, shape[1])))
    return np.concatenate(strips)


def _edges(length: int, cells: int) -> np.ndarray:
    return np.arange(cells + 1) * length // cells


def _strips(edges: np.ndarray, cols: int) -> list[tuple[int, int]]:
    """Cut rows of cells into strips of not too many pixels; edges are their rows of pixels."""
    cells = len(edges) - 1
    step = max(1, int(STRIP_PIXELS / cols * cells / edges[-1]))
    return [(first, min(first + step, cells)) for first in range(0, cells, step)]


def _reduced_strip(classes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    # Most pixels are background, which is what the others leave over.
    flat = np.flatnonzero(classes)
    row, col = np.divmod(flat, classes.shape[1])
    rows, cols = (
        np.repeat(np.arange(cells, dtype=np.int64), np.diff(_edges(length, cells)))
        for length, cells in zip(classes.shape, shape, strict=True)
    )
    cell = rows[row] * shape[1] + cols[col]
    values = classes.ravel()[flat]
    present = np.flatnonzero(np.bincount(values, minlength=256)).tolist()
    votes = {
        value: np.bincount(cell[values == value], minlength=shape[0] * shape[1])
        for value in present
    }
    pixels = np.multiply.outer(np.bincount(rows), np.bincount(cols)).ravel()
    unknown = votes.pop(NODATA, 0)
    coarse = np.where(2 * unknown > pixels, np.uint8(NODATA), np.uint8(0))
    most = np.zeros(shape[0] * shape[1], np.int64)
    for value, count in votes.items():
        coarse[count > most] = value
        most = np.maximum(most, count)
    return coarse.reshape(shape)


def painted(classes: np.ndarray, colours: Mapping[Any, Sequence[float]]) -> np.ndarray:
    """Colour a raster of classes; those without a colour are clear.

    Args:
        classes: uint8, shape (rows, cols).
        colours: red, green, blue and alpha, 0 to 255, by class.

    Returns:
        uint8, shape (rows, cols, 4).
    """
    table = np.zeros((256, 4), np.uint8)
    for value, colour in colours.items():
        table[value] = colour
    return table[classes]
