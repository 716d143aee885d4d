"""Areas, lengths, directions and centroids of polygons, in metres whatever their CRS."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from postproc.inventory.local_planes import GEOD, LON_LAT, LocalPlanes, first_vertices

# Sides that differ by less are equally long: coordinates of 1e6 m lose what lies below.
ROUNDING = 1e-6
# Regions measured at once, as their copies in metres take as much memory as they do.
CHUNK = 5_000
# What is next to nothing west of north is north, and not 180 degrees.
AZIMUTH_DECIMALS = 3


def areas_m2(regions: gpd.GeoDataFrame) -> np.ndarray:
    """Return the area of every region, square metres, shape (regions,)."""
    return np.concatenate([shapely.area(planes.geometries) for planes in _by_chunk(regions)])


def in_metres(regions: gpd.GeoDataFrame) -> np.ndarray:
    """Return the polygons, shape (regions,), each in a plane of its own, metres."""
    return LocalPlanes(regions).geometries


def measure(regions: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure every region.

    Args:
        regions: polygons with a CRS, projected (any linear unit) or geographic.

    Returns:
        One row a region, same index, with the columns area_m2; perimeter_m (outer and inner
        rings); length_m and width_m (sides of the minimum-area rotated rectangle, Eq. 15);
        lw_ratio, their quotient; azimuth_deg, the direction of the rectangle's long side at its
        centre, clockwise from true north, in [0, 180), NaN where the sides are equally long;
        compactness, 4 pi area / perimeter^2 (Polsby and Popper), 1 for a disc; centroid_x,
        centroid_y in map units; lon, lat of the centroid in degrees on WGS 84.

    Source: section 3.3, phases 1 (3) and 3.
    """
    measured = [
        (shapely.area(planes.geometries), shapely.length(planes.geometries), *_rectangles(planes))
        for planes in _by_chunk(regions)
    ]
    areas, perimeters, lengths, widths, azimuths = np.concatenate(measured, axis=1)
    xs, ys = first_vertices(shapely.centroid(regions.geometry.to_numpy())).T
    to_lon_lat = pyproj.Transformer.from_crs(regions.crs, LON_LAT, always_xy=True)
    lons, lats = to_lon_lat.transform(xs, ys)
    # An empty polygon has no length, and so no quotient.
    with np.errstate(invalid='ignore'):
        columns = {
            'area_m2': areas,
            'perimeter_m': perimeters,
            'length_m': lengths,
            'width_m': widths,
            'lw_ratio': lengths / widths,
            'azimuth_deg': azimuths,
            'compactness': 4 * np.pi * areas / perimeters**2,
            'centroid_x': xs,
            'centroid_y': ys,
            'lon': (np.asarray(lons) + 180.0) % 360.0 - 180.0,
            'lat': np.where(np.isfinite(lats), lats, np.nan),
        }
    return pd.DataFrame(columns, index=regions.index, dtype=float)


def _by_chunk(regions: gpd.GeoDataFrame) -> Iterator[LocalPlanes]:
    """Yield the planes of all regions, some at a time; of none once."""
    extent, geometries = regions.total_bounds, regions.geometry
    for start in range(0, max(len(regions), 1), CHUNK):
        yield LocalPlanes(geometries.iloc[start : start + CHUNK], extent)


def _rectangles(planes: LocalPlanes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return length, width and azimuth of the minimum-area rotated rectangles."""
    rings = shapely.get_exterior_ring(shapely.oriented_envelope(planes.geometries))
    first, second, third = (_corners(rings, number) for number in range(3))
    sides = np.stack([second - first, third - second])
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    longer = np.where((lengths[0] >= lengths[1])[:, np.newaxis], sides[0], sides[1])
    centres = (first + third) / 2
    # From the centre, as the direction of a long line changes along it.
    starts, ends = planes.lon_lat(centres), planes.lon_lat(centres + longer / 2)
    azimuths = np.mod(np.round(GEOD.inv(*starts, *ends)[0], AZIMUTH_DECIMALS), 180.0)
    length, width = lengths.max(axis=0), lengths.min(axis=0)
    directed = length > width * (1 + ROUNDING)
    return length, width, np.where(directed, azimuths, np.nan)


def _corners(rings: np.ndarray, number: int) -> np.ndarray:
    points = shapely.get_point(rings, number)
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])
