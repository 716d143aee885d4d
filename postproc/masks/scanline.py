"""Polygons as runs of the pixels whose centres they hold."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine

from postproc.masks.regions import Runs

# Columns are cut to this distance from the grid's first one, beyond any scene, as polygon, row
# and column are to fit into one integer, which sorts many times faster than three.
FARTHEST = 1 << 24
WIDTH = 2 * FARTHEST + 1
# Pixels: what coordinates of 1e7 m lose at pixels of a decimetre.
ROUNDING = 1e-6


def polygon_runs(
    geometries: np.ndarray, transform: Affine, rows: tuple[int, int], *, all_touched: bool = False
) -> tuple[Runs, np.ndarray]:
    """Find the pixels of every polygon in some rows of a grid, all polygons at once.

    The pixels are those that GDAL's rasteriser burns: the ones whose centres lie inside, by the
    even-odd rule over the rings of each part of a multipolygon. Of centres on an outline, those
    on a left or upper edge are inside, and those on a level edge that runs to the left where
    the ring runs clockwise on the map.

    Args:
        geometries: polygons in map units, shape (polygons,).
        transform: from (col, row) to (x, y); may be rotated or south-up.
        rows: first row, and the row behind the last one.
        all_touched: True also finds pixels that share area with a polygon without holding their
            centre in it.

    Returns:
        Runs by polygon, by row and by column, and each one's position in ``geometries``, shape
        (runs,). Where polygons overlap, each has runs of its own. Columns may lie beyond the
        grid.
    """
    first, height = rows[0], rows[1] - rows[0]
    parts, polygon = shapely.get_parts(geometries, return_index=True)
    start, end, part = _edges(parts, transform, first)
    # Every row of a part is crossed an even number of times: in and out by turns.
    crossings = np.sort(_crossings(start, end, part, height))
    begin, stop = crossings[::2], crossings[1::2]
    outline = _outlines if all_touched else _level_edges
    extra = outline(start, end, part, height)
    if extra.size or (polygon[1:] == polygon[:-1]).any():
        # Runs of a polygon may cover each other: number them by polygon and unite them.
        shift = (polygon - np.arange(len(parts))) * (height * WIDTH)
        begin, stop = (
            places + shift[places // (height * WIDTH)]
            for places in (np.append(begin, extra[0]), np.append(stop, extra[1]))
        )
        begin, stop = _united(begin, stop)
        polygon = np.arange(len(geometries))
    filled = stop > begin
    line, col = np.divmod(begin[filled], WIDTH)
    number, row = np.divmod(line, height)
    runs = Runs(row + first, col - FARTHEST, stop[filled] - line * WIDTH - FARTHEST)
    return runs, polygon[number]


def _edges(
    parts: np.ndarray, transform: Affine, first_row: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges' ends in pixels (col, row), shape (edges, 2), and their parts."""
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    # Offsets first: in map units of 1e6 m the inverse transform would lose digits.
    points -= [transform.c, transform.f]
    linear = ~Affine(transform.a, transform.b, 0, transform.d, transform.e, 0)
    pixels = np.column_stack(linear @ (points[:, 0], points[:, 1])) - [0, first_row]
    joined = ring[1:] == ring[:-1]
    start, end, ring = pixels[:-1][joined], pixels[1:][joined], ring[:-1][joined]
    level = np.flatnonzero(_is_level(start, end))
    # GDAL turns every ring clockwise; only level edges have to know.
    level = level[shapely.is_ccw(rings[ring[level]])]
    start[level], end[level] = end[level], start[level]
    return start, end, part[ring]


def _is_level(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Tell which edges run along the middle of a row."""
    return (start[:, 1] == end[:, 1]) & (start[:, 1] % 1 == 0.5)


def _places(part: np.ndarray, row: np.ndarray, col: np.ndarray, height: int) -> np.ndarray:
    """Number edges of pixels by part, row and column."""
    col = np.clip(col, -FARTHEST, FARTHEST).astype(np.int64)
    return (part * height + row) * WIDTH + col + FARTHEST


def _downwards(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return upper and lower ends, shape (2, edges)."""
    down = start[:, 1] < end[:, 1]
    return np.where(down, start.T, end.T), np.where(down, end.T, start.T)


def _rows_from(top: np.ndarray, bottom: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """List the rows from top on that are above bottom: the edge and the row of each."""
    top, bottom = (np.clip(y, 0, height).astype(np.int64) for y in (top, bottom))
    counts = np.maximum(bottom - top, 0)
    edge = np.repeat(np.arange(len(counts)), counts)
    return edge, np.arange(len(edge)) + np.repeat(top - np.cumsum(counts) + counts, counts)


def _crossings(start: np.ndarray, end: np.ndarray, part: np.ndarray, height: int) -> np.ndarray:
    """Cross edges with the middle of every row."""
    upper, lower = _downwards(start, end)
    edge, row = _rows_from(np.ceil(upper[1] - 0.5), np.ceil(lower[1] - 0.5), height)
    (x1, y1), (x2, y2) = upper[:, edge], lower[:, edge]
    x = (row + 0.5 - y1) * (x2 - x1) / (y2 - y1) + x1
    return _places(part[edge], row, np.floor(x + 0.5), height)


def _outlines(start: np.ndarray, end: np.ndarray, part: np.ndarray, height: int) -> np.ndarray:
    """Find the pixels that edges pass through; shape (2, runs).

    An edge along the edges of pixels passes through none.
    """
    (x1, y1), (x2, y2) = (_snapped(ends) for ends in _downwards(start, end))
    edge, row = _rows_from(np.floor(y1), np.ceil(y2), height)
    x1, y1, x2, y2 = x1[edge], y1[edge], x2[edge], y2[edge]
    slope = np.divide(x2 - x1, y2 - y1, out=np.zeros_like(x1), where=y2 > y1)
    enters = np.where(y1 < row, (row - y1) * slope + x1, x1)
    leaves = np.where(y2 > row + 1, (row + 1 - y1) * slope + x1, x2)
    columns = np.floor(np.minimum(enters, leaves)), np.ceil(np.maximum(enters, leaves))
    return np.stack([_places(part[edge], row, col, height) for col in columns])


def _snapped(pixels: np.ndarray) -> np.ndarray:
    """Put what misses the edge of a pixel by rounding alone on the edge."""
    edges = np.rint(pixels)
    return np.where(np.abs(pixels - edges) < ROUNDING, edges, pixels)


def _level_edges(start: np.ndarray, end: np.ndarray, part: np.ndarray, height: int) -> np.ndarray:
    """Find where edges along the middle of a row, to the left, begin and stop; shape (2, edges)."""
    level = _is_level(start, end) & (start[:, 0] > end[:, 0])
    level &= (start[:, 1] > 0) & (start[:, 1] < height)
    lines = part[level], np.floor(start[level, 1]).astype(np.int64)
    columns = (np.floor(side[level, 0] + 0.5) for side in (end, start))
    return np.stack([_places(*lines, col, height) for col in columns])


def _united(begin: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort runs and merge those that overlap or touch."""
    order = np.argsort(begin)
    begin, reach = begin[order], np.maximum.accumulate(stop[order])
    ends = np.append(begin[1:] > reach[:-1], True)[: len(begin)]
    return begin[np.insert(ends, 0, True)[:-1]], reach[ends]
