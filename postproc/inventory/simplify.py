"""Fewer vertices without overlaps, gaps or lost landslides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dfpenet_mm.grid import RasterGrid
from postproc.inventory.measures import LocalPlanes, areas_m2

# Of a landslide of few pixels simplifying may leave a triangle of half its area.
MAX_AREA_CHANGE = 0.1


@dataclass(frozen=True)
class Simplification:
    """The outcome of simplifying.

    Args:
        tolerance_m: as asked for, metres.
        vertices_before: of all polygons together.
        vertices_after: likewise.
        area_change: of all polygons together, as a share of their area before.
        largest_area_change: of one polygon, without its sign, as a share of its area before.
        kept_outlines: polygons that simplifying would have distorted, and kept their outline.
    """

    tolerance_m: float
    vertices_before: int
    vertices_after: int
    area_change: float
    largest_area_change: float
    kept_outlines: int


def simplify(
    regions: gpd.GeoDataFrame, grid: RasterGrid, tolerance_m: float
) -> tuple[gpd.GeoDataFrame, Simplification | None]:
    """Remove vertices as long as nothing but outlines changes.

    Vertices go in the order of the triangle that each spans with its neighbours (Visvalingam
    and Whyatt 1993), as long as that is smaller than the tolerance squared. A border that two
    regions share is simplified once, the points where borders or corners meet stay, and a
    vertex stays when its triangle holds another vertex: so nothing overlaps, vanishes or turns
    invalid. From a tolerance of 0.71 pixels on steps of one pixel go, from one pixel on those of
    two. A region whose area would change by more than 10 % keeps its outline, with those it
    touches.

    Args:
        regions: polygons on the grid.
        grid: its pixel size in metres at its centre turns the tolerance into map units.
        tolerance_m: side of a square as large as the largest triangle removed, metres.

    Returns:
        The regions with all their columns, and what it came to. Where regions overlap, which
        is no coverage, they are returned as they came, with None.

    Source: shapely's ``coverage_simplify``.
    """
    geometries = regions.geometry.to_numpy()
    if not shapely.coverage_is_valid(geometries):
        return regions, None
    before_m2 = areas_m2(regions)
    simple = _with_geometries(regions, _simplified(geometries, grid, tolerance_m))
    distorted = _changes(before_m2, areas_m2(simple)) > MAX_AREA_CHANGE
    kept, restored = _restore(geometries, simple.geometry.to_numpy(), distorted)
    after = _with_geometries(regions, kept)
    after_m2 = areas_m2(after)
    total = before_m2.sum()
    return after, Simplification(
        tolerance_m=float(tolerance_m),
        vertices_before=int(shapely.get_num_coordinates(geometries).sum()),
        vertices_after=int(shapely.get_num_coordinates(kept).sum()),
        area_change=float(after_m2.sum() / total - 1) if total else 0.0,
        largest_area_change=float(_changes(before_m2, after_m2).max(initial=0.0)),
        kept_outlines=int(restored.sum()),
    )


def _changes(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by what share each area changed, without its sign; an empty polygon cannot."""
    return np.abs(np.divide(after, before, out=np.ones(len(before)), where=before > 0) - 1)


def _with_geometries(regions: gpd.GeoDataFrame, geometries: np.ndarray) -> gpd.GeoDataFrame:
    return regions.set_geometry(gpd.GeoSeries(geometries, index=regions.index, crs=regions.crs))


def _restore(
    before: np.ndarray, after: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give polygons their old outline back, and those that touch or would overlap them too."""
    if not wanted.any():
        return after, wanted
    groups = _contacts(before)
    restored = _with_whole_groups(wanted, *groups)
    while True:
        mixed = np.where(restored, before, after)
        one, other = shapely.STRtree(mixed).query(mixed[restored], predicate='intersects')
        one = np.flatnonzero(restored)[one]
        fresh = ~restored[other]
        overlaps = other[fresh][~shapely.touches(mixed[one[fresh]], mixed[other[fresh]])]
        if not len(overlaps):
            return mixed, restored
        restored[overlaps] = True
        restored = _with_whole_groups(restored, *groups)


def _contacts(geometries: np.ndarray) -> tuple[int, np.ndarray]:
    """Group polygons that touch: their number and the group of each."""
    links = shapely.STRtree(geometries).query(geometries, predicate='intersects')
    size = len(geometries)
    matrix = coo_array((np.ones(links.shape[1]), tuple(links)), shape=(size, size))
    return connected_components(matrix, directed=False)


def _with_whole_groups(chosen: np.ndarray, count: int, group: np.ndarray) -> np.ndarray:
    return np.bincount(group, chosen, minlength=count)[group] > 0


def _simplified(geometries: np.ndarray, grid: RasterGrid, tolerance_m: float) -> np.ndarray:
    along_x, along_y = _metres_per_unit(grid)
    tolerance = tolerance_m / along_y
    if math.isclose(along_x, along_y, rel_tol=1e-3):
        return shapely.coverage_simplify(geometries, tolerance)
    # On a scene in degrees x is stretched meanwhile, so that its unit is as long as that of y.
    stretch = np.array([along_x / along_y, 1.0])
    stretched = shapely.transform(geometries, lambda vertices: vertices * stretch)
    kept = shapely.coverage_simplify(stretched, tolerance)
    return shapely.transform(kept, lambda vertices: vertices / stretch)


def _metres_per_unit(grid: RasterGrid) -> tuple[float, float]:
    """Return metres in a map unit along x and y at the centre of the grid."""
    x, y = grid.center
    step = max(abs(grid.transform.a), abs(grid.transform.b))
    ends = [[(x, y), (x + step, y)], [(x, y), (x, y + step)]]
    steps = gpd.GeoDataFrame(geometry=shapely.linestrings(ends), crs=grid.crs)
    along_x, along_y = shapely.length(LocalPlanes(steps).geometries) / step
    return float(along_x), float(along_y)
