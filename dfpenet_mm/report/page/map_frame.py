"""The plane of the map: metres of the picture, and how the page tells coordinates on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from rasterio.warp import transform as transform_points
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.class_rasters import in_pixels
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.map_axes import north
from dfpenet_mm.vocabulary import WGS84

# Longitudes and latitudes are given at so many points a side and interpolated between: right
# to a metre for a scene of 100 km in UTM.
NODES = 17


@dataclass(frozen=True)
class MapFrame:
    """The map's own plane: metres from the lower left corner of the picture, y upwards.

    The picture's rows and columns are its axes, so that a rotated scene is drawn upright and
    its coordinates turn instead; the true length of a pixel gives both axes one scale.

    Args:
        grid: grid of the picture, decimated or not.
    """

    grid: RasterGrid

    @cached_property
    def step(self) -> tuple[float, float]:
        """Metres a column and a row."""
        return self.grid.pixel_size

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, metres."""
        rows, cols = self.grid.shape
        return cols * self.step[0], rows * self.step[1]

    def pixels(self, geometries: gpd.GeoSeries) -> np.ndarray:
        """Return geometries in pixels of the picture, x along columns and y along rows."""
        moved = geometries if geometries.crs == self.grid.crs else geometries.to_crs(self.grid.crs)
        return in_pixels(moved.to_numpy(), self.grid)

    def svg_path(self, area: BaseGeometry) -> str:
        """Return the outlines of an area in the grid's CRS as an SVG path, in metres."""
        (shape,) = self.pixels(gpd.GeoSeries([area], crs=self.grid.crs))
        # A boundary of many points is drawn to half a pixel.
        rings = shapely.get_rings(shapely.get_parts(shapely.simplify(shape, 0.5)))
        (step_x, step_y), height = self.step, self.size[1]
        metres = [shapely.get_coordinates(ring) * (step_x, -step_y) + (0, height) for ring in rings]
        return ''.join(f'M{" ".join(f"{x:.2f},{y:.2f}" for x, y in ring)}Z' for ring in metres)

    @property
    def north_deg(self) -> float:
        """Direction of true north at the centre, degrees clockwise from the picture's top."""
        right, up = north(self.grid)
        return math.degrees(math.atan2(right, up))

    def as_dict(self) -> dict[str, Any]:
        """Return what the browser needs to tell coordinates, as plain JSON values."""
        rows, cols = self.grid.shape
        return {
            'rows': rows,
            'cols': cols,
            'step': list(self.step),
            'transform': list(self.grid.transform)[:6],
            'crs': self.grid.crs.to_string(),
            'geographic': self.grid.crs.is_geographic,
            'degrees': self._degrees(),
        }

    def _degrees(self) -> dict[str, Any]:
        rows, cols = self.grid.shape
        points = [
            self.grid.transform @ (col, row)
            for row in np.linspace(0, rows, NODES)
            for col in np.linspace(0, cols, NODES)
        ]
        lons, lats = transform_points(self.grid.crs, WGS84, *zip(*points, strict=True))
        # Across the antimeridian 179 is followed by 181, so that values between make sense.
        lons = np.unwrap(np.reshape(lons, (NODES, NODES)), period=360, axis=1)
        lons = np.unwrap(lons, period=360, axis=0)
        return {
            'nodes': NODES,
            'lon': np.round(lons, 7).ravel().tolist(),
            'lat': np.round(lats, 7).tolist(),
        }
