"""From mask pixels to one polygon for every connected region."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from rasterio.io import DatasetReader
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.files import BREAKS_OFF, WHOLE, read_errors
from dfpenet_mm.vocabulary import LANDSLIDE
from postproc.masks.product_rasters import open_raster
from postproc.masks.regions import Regions, Runs, connect, strips

# Runs whose outlines are traced at once; a larger part is traced alone.
BATCH_RUNS = 1 << 16


def region_polygons(regions: Regions, transform: Affine) -> np.ndarray:
    """Trace every region along the edges of its pixels.

    Args:
        regions: of a mask.
        transform: from (col, row) to (x, y).

    Returns:
        Valid polygons, shape (regions,), with vertices only where an outline turns; a region
        of several parts is a MultiPolygon of them.
    """
    order = np.argsort(regions.part, kind='stable')
    part, runs = regions.part[order], regions.runs
    parts = len(regions.region)
    ends = np.cumsum(np.bincount(part, minlength=parts))
    polygons, first = [np.empty(0, dtype=object)], 0
    while first < parts:
        begin = ends[first - 1] if first else 0
        behind = max(int(np.searchsorted(ends, begin + BATCH_RUNS, side='right')), first + 1)
        chosen = slice(begin, ends[behind - 1])
        polygons.append(trace(runs.of(order[chosen]), part[chosen] - first, transform))
        first = behind
    return _grouped(np.concatenate(polygons), regions.region)


def _grouped(polygons: np.ndarray, region: np.ndarray) -> np.ndarray:
    sizes = np.bincount(region)
    grouped = np.empty(len(sizes), dtype=object)
    alone = sizes[region] == 1
    grouped[region[alone]] = polygons[alone]
    together = np.flatnonzero(~alone)
    together = together[np.argsort(region[together], kind='stable')]
    if together.size:
        _, number = np.unique(region[together], return_inverse=True)
        grouped[sizes > 1] = shapely.multipolygons(polygons[together], indices=number)
    return grouped


def trace(runs: Runs, part: np.ndarray, transform: Affine) -> np.ndarray:
    """Trace parts that each hang together by sides.

    Where two pixels of a part meet at a corner only, the outline goes round the background
    pixels there. The part surrounds one of them, so that a hole touches another ring in a
    point, which is valid, and no ring touches itself.

    Args:
        runs: of the parts, part by part, row by row and from left to right.
        part: every run's part, ascending from 0 without a gap, shape (runs,).
        transform: from (col, row) to (x, y).

    Returns:
        Polygons, shape (parts,).
    """
    vertices = _vertices(runs, part)
    partner = _vertical_partners(vertices)
    left = np.arange(0, len(vertices.x), 2)
    # Counter-clockwise as seen on the screen: tops to the left, bottoms to the right.
    target = np.where(vertices.top[left], left, left + 1)
    order, ring = _in_rings(partner[target] // 2)
    corners = np.stack([target[order], partner[target[order]]], axis=1).ravel()
    rings = int(ring[-1]) + 1
    first = np.searchsorted(ring, np.arange(rings))
    closed = np.insert(corners, 2 * np.append(first[1:], len(ring)), corners[2 * first])
    col, row = vertices.x[closed], vertices.y[closed]
    # The terms in GDAL's order, so that outlines equal those of its polygoniser to the last bit.
    xs = transform.c + col * transform.a + row * transform.b
    ys = transform.f + col * transform.d + row * transform.e
    ring_ends = np.append(2 * first + np.arange(rings), len(closed))
    owner = vertices.part[corners[2 * first]]
    part_ends = np.searchsorted(owner, np.arange(int(part[-1]) + 2))
    return shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, np.column_stack([xs, ys]), (ring_ends, part_ends)
    )


@dataclass(frozen=True)
class _Vertices:
    """Turns of outlines, by part, y and x; two in one place where pixels meet at a corner.

    In a row of vertices the first and second are joined by an edge, the third and fourth, ...

    Args:
        part: shape (vertices,), as all others.
        x: column.
        y: row.
        top: whether the region lies below the edge that begins here (first, third, ...).
        above: whether the run that ends or begins here is in the row above.
    """

    part: np.ndarray
    x: np.ndarray
    y: np.ndarray
    top: np.ndarray
    above: np.ndarray


def _vertices(runs: Runs, part: np.ndarray) -> _Vertices:
    firsts = np.searchsorted(part, np.arange(int(part[-1]) + 1))
    lasts = np.append(firsts[1:], len(part)) - 1
    # A part of h rows has h + 1 lines between, above and below them; all lines get a number.
    tops = runs.row[firsts].astype(np.int64)
    heights = runs.row[lasts] - tops + 2
    shift = np.cumsum(heights) - heights - tops
    line = runs.row + shift[part]
    width = int(runs.stop.max()) + 1
    ends = [
        (((line + above) * width + x) * 2 + is_stop) * 2 + above
        for is_stop, x in enumerate((runs.start, runs.stop))
        for above in (0, 1)
    ]
    key = np.sort(np.concatenate(ends))
    # Where both rows start, or both stop, the outline goes straight on.
    same = key[1:] >> 1 == key[:-1] >> 1
    key = key[~(np.append(same, False) | np.insert(same, 0, False))]
    line, x = np.divmod(key >> 2, width)
    owner = np.repeat(np.arange(len(firsts)), heights)
    part_of = owner[line]
    above, is_stop = key & 1, key >> 1 & 1
    return _Vertices(part_of, x, line - shift[part_of], above == is_stop, above)


def _vertical_partners(vertices: _Vertices) -> np.ndarray:
    """Join vertices above each other; returns the other end of each one's vertical edge."""
    width, height = int(vertices.x.max()) + 1, int(vertices.y.max()) + 1
    key = (vertices.part * width + vertices.x) * height + vertices.y
    # Of two in one place, the one that turns with the background is the upper edge's end.
    order = np.argsort(key * 2 + 1 - vertices.above)
    partner = np.empty_like(order)
    partner[order[::2]], partner[order[1::2]] = order[1::2], order[::2]
    return partner


def _in_rings(following: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort edges into rings.

    Args:
        following: the edge behind each edge, a permutation, shape (edges,).

    Returns:
        The edges ring by ring, each ring from its first edge on, and their rings, ascending.
    """
    edges = len(following)
    ones = np.ones(edges, dtype=np.int8)
    graph = csr_array((ones, following, np.arange(edges + 1)), shape=(edges, edges))
    _, label = connected_components(graph, connection='strong')
    _, first = np.unique(label, return_index=True)
    first.sort()
    # A depth-first walk from ring to ring: every first edge also leads to the next ring's.
    extra = np.zeros(edges, dtype=np.int64)
    extra[first[:-1]] = 1
    starts = np.concatenate([[0], np.cumsum(1 + extra)])
    leads = np.empty(starts[-1], dtype=np.int32)
    leads[starts[:-1]] = following
    leads[starts[first[:-1]] + 1] = first[1:]
    walk = csr_array((np.ones(len(leads)), leads, starts), shape=(edges, edges))
    order = depth_first_order(walk, first[0], return_predecessors=False)
    is_first = np.zeros(edges, dtype=np.int64)
    is_first[first] = 1
    return order, np.cumsum(is_first[order]) - 1


# Pixels that meet at a corner belong together, as in the contours that image libraries trace
# (the paper numbers contours and says no more). A runout one pixel wide that runs obliquely
# stays one landslide, where 4-connectivity cuts it into pixels below the minimum area.
CONNECTIVITY = 8


def polygonise(mask: Path, *, connectivity: int = CONNECTIVITY) -> gpd.GeoDataFrame:
    """Turn every connected region of landslide pixels into one row.

    The band is read strip by strip and kept as runs of landslide pixels, so that memory grows
    with the regions, not with the pixels.

    Args:
        mask: uint8 raster of one band with a CRS: 0 background, 1 landslide, 255 nodata.
        connectivity: 8 joins pixels that share a corner, 4 only those that share a side.

    Returns:
        Valid polygons along the pixel edges, holes kept, in the mask's CRS, by their last row
        and then by their first pixel. A region whose parts meet at corners is a MultiPolygon.

    Raises:
        ConfigError: if ``connectivity`` is neither 4 nor 8.
        InputFileError: if the mask cannot be read to its end.
        RasterFormatError: if it is not such a raster.
    """
    if connectivity not in (4, 8):
        raise ConfigError(f'connectivity is {connectivity!r}; wanted is 4 or 8')
    with open_raster(mask) as dataset:
        _check(dataset)
        geometries = _regions(dataset, connectivity)
        return gpd.GeoDataFrame(geometry=geometries, crs=dataset.crs)


def _regions(dataset: DatasetReader, connectivity: int) -> np.ndarray:
    with read_errors(dataset.name, how=BREAKS_OFF, advice=WHOLE):
        regions = connect(strips(dataset, LANDSLIDE), dataset.width, corners=connectivity == 8)
    return region_polygons(regions, dataset.transform)[regions.by_last_row()]


def _check(dataset: DatasetReader) -> None:
    if dataset.count != 1 or dataset.dtypes[0] != 'uint8':
        raise RasterFormatError(
            f'{dataset.name} has {dataset.count} bands of type {dataset.dtypes[0]}; '
            f'a mask is one band of uint8 (0 background, 1 landslide, 255 nodata)'
        )
    if dataset.crs is None:
        raise RasterFormatError(
            f'{dataset.name} has no CRS, so its regions have no place; assign one, '
            f'for example with gdal_edit.py -a_srs'
        )
