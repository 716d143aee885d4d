"""Areas, lengths and centroids of polygons, in metres whatever their CRS."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from rasterio.crs import CRS

from dfpenet_mm.grid import measures_are_planar

LON_LAT = 'EPSG:4326'


def areas_m2(regions: gpd.GeoDataFrame) -> np.ndarray:
    """Return the area of every region, square metres, shape (regions,)."""
    return shapely.area(in_metres(regions))


def measure(regions: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure every region.

    Args:
        regions: polygons with a CRS, projected (any linear unit) or geographic.

    Returns:
        One row a region, same index, with the columns area_m2; perimeter_m (outer and inner
        rings); length_m and width_m (sides of the minimum-area rotated rectangle, Eq. 14);
        lw_ratio, their quotient; centroid_x, centroid_y in map units; lon, lat of the
        centroid in degrees on WGS 84.

    Source: section 3.3 (2) and (4).
    """
    metric = in_metres(regions)
    lengths, widths = _rectangle_sides(metric)
    centroids = gpd.GeoSeries(shapely.centroid(regions.geometry.to_numpy()), crs=regions.crs)
    lon_lat = centroids.to_crs(LON_LAT)
    columns = {
        'area_m2': shapely.area(metric),
        'perimeter_m': shapely.length(metric),
        'length_m': lengths,
        'width_m': widths,
        'lw_ratio': lengths / widths,
        'centroid_x': centroids.x.to_numpy(),
        'centroid_y': centroids.y.to_numpy(),
        'lon': (lon_lat.x.to_numpy() + 180.0) % 360.0 - 180.0,
        'lat': lon_lat.y.to_numpy(),
    }
    return pd.DataFrame(columns, index=regions.index, dtype=float)


def in_metres(regions: gpd.GeoDataFrame) -> np.ndarray:
    """Bring polygons into planes in which they can be measured in metres.

    Every polygon gets a plane of its own about its first vertex, as coordinates of 1e6 m leave
    too few digits for its sides. Where map units are true (``measures_are_planar`` at the
    corners of all regions) they are scaled to metres. Elsewhere the plane is azimuthal
    equidistant on the ellipsoid, exact to c^2/6 for a polygon that reaches c earth radii from
    its first vertex (5e-5 for 100 km), at the antimeridian too.

    Args:
        regions: polygons with a CRS.

    Returns:
        Polygons of shape (regions,), metres; good for measures, not for positions.
    """
    if not len(regions):
        return regions.geometry.to_numpy()
    crs = CRS.from_user_input(regions.crs)
    if not _planar(crs, regions.total_bounds):
        return _about_first_vertex(regions.geometry.to_crs(LON_LAT).to_numpy(), _azimuthal)
    _, unit = crs.linear_units_factor
    return _about_first_vertex(regions.geometry.to_numpy(), lambda start, end: unit * (end - start))


def _planar(crs: CRS, bounds: np.ndarray) -> bool:
    left, bottom, right, top = bounds
    corners = itertools.product((left, right), (bottom, top))
    return all(measures_are_planar(crs, x, y) for x, y in corners)


def _about_first_vertex(
    geometries: np.ndarray, offsets: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Replace vertices by their offsets, metres (x, y), from their polygon's first one."""
    _, owner = shapely.get_coordinates(geometries, return_index=True)
    first = np.searchsorted(owner, owner)
    return shapely.transform(geometries, lambda vertices: offsets(vertices[first], vertices))


def _azimuthal(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    azimuth, _, distance = pyproj.Geod(ellps='WGS84').inv(*start.T, *end.T)
    angle = np.radians(azimuth)
    return np.column_stack([distance * np.sin(angle), distance * np.cos(angle)])


def _rectangle_sides(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rings = shapely.get_exterior_ring(shapely.oriented_envelope(geometries))
    corners = [shapely.get_point(rings, number) for number in range(3)]
    sides = [shapely.distance(corners[0], corners[1]), shapely.distance(corners[1], corners[2])]
    return np.maximum(*sides), np.minimum(*sides)
