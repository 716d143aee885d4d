"""Whole turns of longitude: polygons and rasters brought beside a scene near the antimeridian."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from affine import Affine
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader, MemoryFile
from shapely import affinity

from dfpenet_mm.grid import RasterGrid, turn_of

# A side longer than this share of a turn is a jump: nothing that one draws is a side so long.
JUMP = 0.75
# Points along each side of a grid, enough to follow its bend in another CRS.
OUTLINE_POINTS = 33
# Columns of a raster that are kept beyond a scene, at least.
MARGIN = 64
# Rasterio keeps GDAL from centring longitudes on the raster, but GDAL reads in a CRS to do so.
AUTHORITY = re.compile(r'(,AUTHORITY\["\w+","\w+"\])?\]$')
# The others are spelled alike but for the capital.
GDAL_TYPES = {'uint8': 'Byte', 'uint16': 'UInt16', 'uint32': 'UInt32', 'uint64': 'UInt64'}
# From column, to column, width.
Piece = tuple[int, int, int]


def unbroken(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Mend polygons in degrees whose vertices jump from 180 to -180.

    Args:
        shapes: polygons; in a projected CRS they are returned as they are.

    Returns:
        The same with longitudes of 180 to 360 where a single polygon jumps. Areas that are wide
        without a jump, such as that of a continent, stay.
    """
    turn = turn_of(shapes.crs)
    if turn is None:
        return shapes
    geometries = shapes.to_numpy().copy()
    parts, owner = shapely.get_parts(geometries, return_index=True)
    bounds = shapely.bounds(parts)
    wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > JUMP * turn)
    rings, part = shapely.get_rings(parts[wide], return_index=True)
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    jumps = (np.abs(np.diff(vertices[:, 0])) > JUMP * turn) & (np.diff(ring) == 0)
    wide = np.unique(owner[wide[part[ring[1:][jumps]]]])

    def eastwards(vertices: np.ndarray) -> np.ndarray:
        return vertices + np.where(vertices < 0, (turn, 0.0), 0.0)

    moved = shapely.transform(geometries[wide], eastwards)
    # A box around the whole earth would become a line.
    jumped = shapely.area(moved) > 0
    geometries[wide[jumped]] = moved[jumped]
    return gpd.GeoSeries(geometries, crs=shapes.crs)


def beside(geometries: np.ndarray, turn: float, center_x: float | None = None) -> np.ndarray:
    """Turn polygons so that each lies within half a turn of a longitude.

    Args:
        geometries: polygons, shape (polygons,), empty ones too.
        turn: a whole one, in their units.
        center_x: longitude of the scene's middle, which may be above 180 degrees; None for the
            first polygon's.

    Returns:
        The polygons, moved by whole turns.
    """
    bounds = shapely.bounds(geometries).reshape(-1, 4)
    middles = (bounds[:, 0] + bounds[:, 2]) / 2
    if center_x is None:
        center_x = next(iter(middles[np.isfinite(middles)]), 0.0)
    middles = np.nan_to_num(middles, nan=center_x)
    turns = np.round((center_x - middles) / turn)
    far = np.flatnonzero(turns)
    if not far.size:
        return geometries
    moved = geometries.copy()
    _, owner = shapely.get_coordinates(moved[far], return_index=True)
    shifts = turn * turns[far][owner]
    moved[far] = shapely.transform(
        moved[far], lambda vertices: vertices + np.column_stack([shifts, np.zeros_like(shifts)])
    )
    return moved


def cut_wide(shapes: gpd.GeoSeries, grid: RasterGrid) -> gpd.GeoSeries:
    """Cut polygons of a quarter of the earth and more to where a scene lies.

    No projection of a scene can show them as a whole.
    """
    turn = turn_of(shapes.crs)
    if turn is None:
        return shapes
    wide = np.ptp(shapely.bounds(shapes.to_numpy())[:, ::2], axis=1) > turn / 4
    if not wide.any():
        return shapes
    there = pyproj.Transformer.from_crs(
        pyproj.CRS.from_user_input(grid.crs), shapes.crs, always_xy=True
    )
    west, south, east, north = there.transform_bounds(*grid.outline.bounds)
    if not np.isfinite((west, south, east, north)).all():
        return shapes
    margin = turn / 360
    box = shapely.box(
        west - margin, south - margin, east + margin + (turn if east < west else 0), north + margin
    )
    around = shapely.union_all([affinity.translate(box, shift) for shift in (-turn, 0, turn)])
    cut = shapes.to_numpy().copy()
    cut[wide] = shapely.intersection(cut[wide], around)
    return gpd.GeoSeries(cut, crs=shapes.crs)


def outline(grid: RasterGrid, on: RasterGrid) -> shapely.Polygon:
    """Draw the outline of one grid in the pixels of another.

    Args:
        grid: the grid drawn.
        on: the grid whose (col, row) are the coordinates.

    Returns:
        Polygon in pixels of ``on``, on the turn on which they meet if they do; empty where the
        projection is undefined.
    """
    xs, ys = _around(grid, on)
    if len(xs) < OUTLINE_POINTS:
        return shapely.Polygon()
    rows, cols = on.shape
    whole = shapely.box(0, 0, cols, rows)
    turn = turn_of(on.crs)
    best = None
    for shift in (0,) if turn is None else (0, -turn, turn):
        drawn = shapely.Polygon(np.column_stack(~on.transform @ (xs + shift, ys))).buffer(0)
        if best is None or drawn.intersection(whole).area > best.intersection(whole).area:
            best = drawn
    return best


def _around(grid: RasterGrid, on: RasterGrid) -> tuple[np.ndarray, np.ndarray]:
    """Follow a grid's sides in another one's CRS, without a jump.

    Longitudes are on the turn of the first grid if that has longitudes, else of the other one.
    """
    rows, cols = grid.shape
    steps = np.linspace(0, 1, OUTLINE_POINTS)
    ring_cols = cols * np.concatenate([steps, np.ones_like(steps), steps[::-1], 0 * steps])
    ring_rows = rows * np.concatenate([0 * steps, steps, np.ones_like(steps), steps[::-1]])
    there = pyproj.Transformer.from_crs(
        pyproj.CRS.from_user_input(grid.crs), pyproj.CRS.from_user_input(on.crs), always_xy=True
    )
    # affine's annotations know numbers only.
    ring = grid.transform @ (ring_cols, ring_rows)  # type: ignore[operator]
    xs, ys = there.transform(*ring)
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    turn = turn_of(on.crs)
    if turn and len(xs):
        xs = np.unwrap(xs, period=turn)
        # Of two geographic ones GDAL takes the numbers as they are.
        own = turn_of(grid.crs)
        to = on.center[0] if own is None else grid.center[0] * turn / own
        xs += turn * round((to - (xs.min() + xs.max()) / 2) / turn)
    return xs, ys


@contextmanager
def raster_beside(source: DatasetReader, grid: RasterGrid) -> Iterator[DatasetReader]:
    """Turn a raster in degrees so that it lies where a scene lies.

    To GDAL 181 degrees are not 179 west. A scene across the antimeridian may need both ends of a
    world-wide raster, or one beyond it.

    Args:
        source: the raster.
        grid: the scene's grid.

    Yields:
        ``source`` itself wherever it serves, otherwise those of its pixels that lie near the
        scene, at other longitudes.
    """
    description = _turned(source, grid)
    if description is None:
        yield source
        return
    with MemoryFile(description, ext='.vrt') as file, file.open() as turned:
        yield turned


def _turned(source: DatasetReader, grid: RasterGrid) -> bytes | None:
    """Describe a raster's pixels near a grid as a VRT; None where they need no turn."""
    own = RasterGrid.from_dataset(source)
    turn, step = turn_of(own.crs), own.transform.a
    if turn is None or step <= 0 or not own.transform.is_rectilinear:
        return None
    xs, _ = _around(grid, own)
    if not len(xs) or xs.max() - xs.min() > turn / 2:
        return None
    crosses = turn_of(grid.crs) is None and np.abs(xs).max() > turn / 2
    if crosses and xs.mean() < 0:
        # A centre in the west is none to GDAL.
        xs = xs + turn
    left, right = ((x - own.transform.c) / step for x in (xs.min(), xs.max()))
    if left >= 0 and right <= source.width and not crosses:
        return None
    # So far beyond the scene, terrain and resampling find their neighbours.
    margin = right - left + MARGIN
    first, last = math.floor(left - margin), math.ceil(right + margin)
    pieces = []
    for start in (round(turns * turn / step) for turns in (-1, 0, 1)):
        begin, end = max(first, start), min(last, start + source.width)
        if begin < end:
            pieces.append((begin - start, begin - first, end - begin))
    if not any(to < right - first and to + width > left - first for _, to, width in pieces):
        return None
    place = own.transform @ Affine.translation(first, 0)
    wkt = source.crs.to_wkt(version='WKT1_GDAL')
    if crosses:
        wkt = AUTHORITY.sub(f',EXTENSION["CENTER_LONG","{xs.mean():.0f}"]]', wkt)
    return _vrt(source, wkt, place, last - first, pieces)


def _vrt(
    source: DatasetReader,
    wkt: str,
    place: Affine,
    width: int,
    pieces: Sequence[Piece],
) -> bytes:
    """Write the XML of a raster made of pieces of another one."""
    root = ET.Element('VRTDataset', rasterXSize=str(width), rasterYSize=str(source.height))
    _add(root, 'SRS', wkt)
    _add(root, 'GeoTransform', ', '.join(f'{number!r}' for number in place.to_gdal()))
    for index in source.indexes:
        band = ET.SubElement(root, 'VRTRasterBand', band=str(index), dataType=_type(source, index))
        _add(band, 'ColorInterp', source.colorinterp[index - 1].name.capitalize())
        _add(band, 'Offset', repr(source.offsets[index - 1]))
        _add(band, 'Scale', repr(source.scales[index - 1]))
        _add(band, 'UnitType', source.units[index - 1] or '')
        if source.nodatavals[index - 1] is not None:
            _add(band, 'NoDataValue', repr(source.nodatavals[index - 1]))
        _add_pieces(band, source, str(index), pieces)
    flags = {flag for band in source.mask_flag_enums for flag in band}
    if not flags & {MaskFlags.nodata, MaskFlags.alpha}:
        mask = ET.SubElement(ET.SubElement(root, 'MaskBand'), 'VRTRasterBand', dataType='Byte')
        _add_pieces(mask, source, 'mask,1', pieces)
    return ET.tostring(root)


def _add_pieces(
    band: ET.Element, source: DatasetReader, number: str, pieces: Sequence[Piece]
) -> None:
    for begin, to, width in pieces:
        piece = ET.SubElement(band, 'SimpleSource')
        _add(piece, 'SourceFilename', source.name)
        _add(piece, 'SourceBand', number)
        size = {'yOff': '0', 'xSize': str(width), 'ySize': str(source.height)}
        ET.SubElement(piece, 'SrcRect', {'xOff': str(begin), **size})
        ET.SubElement(piece, 'DstRect', {'xOff': str(to), **size})


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _type(source: DatasetReader, index: int) -> str:
    name = source.dtypes[index - 1]
    return GDAL_TYPES.get(name, name.capitalize())
