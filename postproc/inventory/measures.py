"""Areas, lengths, directions and centroids of polygons, in metres whatever their CRS."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from rasterio.crs import CRS

from dfpenet_mm.grid import planar_within
from dfpenet_mm.vocabulary import WGS84

GEOD = pyproj.Geod(ellps='WGS84')


def to_lon_lat(crs: CRS | pyproj.CRS) -> pyproj.Transformer:
    """Return the way from a CRS, as (x, y), to degrees on WGS 84."""
    return pyproj.Transformer.from_crs(pyproj.CRS.from_user_input(crs), WGS84, always_xy=True)


class LocalPlanes:
    """Every polygon in a plane of its own about its first vertex.

    Coordinates of 1e6 m would leave too few digits for a polygon's sides. Where map units are
    true (areas and lengths within 1 % at the corners of all regions) they are scaled to metres.
    Elsewhere the plane is azimuthal equidistant on the ellipsoid, exact to c^2/6 for a polygon
    that reaches c earth radii from its first vertex (5e-5 for 100 km), at the antimeridian too.

    Args:
        regions: polygons with a CRS, projected (any linear unit) or geographic.
        extent: (left, bottom, right, top) in map units of all regions, when ``regions`` are some
            of them: they decide together; None for the bounds of ``regions``.

    Attributes:
        geometries: the polygons in their planes, shape (regions,), metres; good for measures,
            not for positions.
    """

    def __init__(
        self, regions: gpd.GeoDataFrame | gpd.GeoSeries, extent: np.ndarray | None = None
    ) -> None:
        crs = CRS.from_user_input(regions.crs)
        extent = regions.total_bounds if extent is None else extent
        self._crs = regions.crs
        self._unit: float | None = None
        if not len(regions) or planar_within(crs, extent):
            self._unit = crs.linear_units_factor[1] if crs.is_projected else 1.0
            geometries = regions.geometry.to_numpy()
        else:
            geometries = regions.geometry.to_crs(WGS84).to_numpy()
        self._origins = first_vertices(geometries)
        counts = shapely.get_num_coordinates(geometries)
        # By transform, which takes heights off.
        self.geometries = shapely.transform(
            geometries,
            lambda vertices: self._offsets(np.repeat(self._origins, counts, axis=0), vertices),
        )

    def lon_lat(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where points of the planes lie on the globe.

        Args:
            points: (x, y) of one point a region in the region's plane, shape (regions, 2).

        Returns:
            Longitudes and latitudes on WGS 84, degrees, each of shape (regions,).
        """
        if self._unit is not None:
            places = self._origins + points / self._unit
            return to_lon_lat(self._crs).transform(places[:, 0], places[:, 1])
        azimuths = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
        lon, lat = self._origins.T
        lons, lats, _ = GEOD.fwd(lon, lat, azimuths, np.hypot(*points.T))
        return lons, lats

    def _offsets(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        if self._unit is not None:
            return self._unit * (end - start)
        azimuth, _, distance = GEOD.inv(*start.T, *end.T)
        angle = np.radians(azimuth)
        return np.column_stack([distance * np.sin(angle), distance * np.cos(angle)])


def first_vertices(geometries: np.ndarray) -> np.ndarray:
    """Return (x, y) of the first vertex of every geometry, shape (n, 2); NaN where it is empty."""
    vertices = shapely.get_coordinates(geometries)
    counts = shapely.get_num_coordinates(geometries)
    first = np.full((len(geometries), 2), np.nan)
    there = counts > 0
    first[there] = vertices[(np.cumsum(counts) - counts)[there]]
    return first


# Sides that differ by less are equally long: coordinates of 1e6 m lose what lies below.
ROUNDING = 1e-6
# Regions measured at once, as their copies in metres take as much memory as they do.
CHUNK = 5_000
# What is next to nothing west of north is north, and not 180 degrees.
AZIMUTH_DECIMALS = 3


def areas_m2(regions: gpd.GeoDataFrame) -> np.ndarray:
    """Return the area of every region, square metres, shape (regions,)."""
    return np.concatenate([shapely.area(planes.geometries) for planes in _by_chunk(regions)])


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
    lons, lats = to_lon_lat(regions.crs).transform(xs, ys)
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
