"""Polygons in planes in which they can be measured in metres, and the way back to the globe."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from rasterio.crs import CRS

from dfpenet_mm.grid import planar_within

LON_LAT = 'EPSG:4326'
GEOD = pyproj.Geod(ellps='WGS84')


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
        self._unit = None
        self._to_lon_lat = None
        if not len(regions) or planar_within(crs, extent):
            self._unit = crs.linear_units_factor[1] if crs.is_projected else 1.0
            self._to_lon_lat = pyproj.Transformer.from_crs(regions.crs, LON_LAT, always_xy=True)
            geometries = regions.geometry.to_numpy()
        else:
            geometries = regions.geometry.to_crs(LON_LAT).to_numpy()
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
            return self._to_lon_lat.transform(places[:, 0], places[:, 1])
        azimuths = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
        lons, lats, _ = GEOD.fwd(*self._origins.T, azimuths, np.hypot(*points.T))
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
