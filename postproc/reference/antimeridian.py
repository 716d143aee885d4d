"""Polygons in degrees near the antimeridian, where longitudes jump by a whole turn."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

# No landslide, nor a map of some, is half the earth wide: such a polygon has jumped.
HALF_TURN, TURN = 180.0, 360.0


def unbroken(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Mend polygons in degrees whose vertices jump from 180 to -180.

    Args:
        table: polygons; one in a projected CRS is returned as it is.

    Returns:
        The same with longitudes of 180 to 360 where a single polygon would be half the earth
        wide otherwise.
    """
    if not table.crs.is_geographic:
        return table
    geometries = table.geometry.to_numpy().copy()
    parts, owner = shapely.get_parts(geometries, return_index=True)
    bounds = shapely.bounds(parts)
    wide = np.unique(owner[bounds[:, 2] - bounds[:, 0] > HALF_TURN])
    moved = shapely.transform(geometries[wide], _eastwards)
    # A box around the whole earth would become a line.
    jumped = shapely.area(moved) > 0
    geometries[wide[jumped]] = moved[jumped]
    return table.set_geometry(geometries, crs=table.crs)


def beside(geometries: np.ndarray, center_x: float | None) -> np.ndarray:
    """Turn polygons in degrees so that each lies within half a turn of a longitude.

    Args:
        geometries: polygons, shape (polygons,), longitudes in degrees.
        center_x: longitude of the scene's middle, which may be above 180; None for that of
            the first polygon.

    Returns:
        The polygons, moved by whole turns.
    """
    if not len(geometries):
        return geometries
    bounds = shapely.bounds(geometries)
    middles = (bounds[:, 0] + bounds[:, 2]) / 2
    turns = np.round(((middles[0] if center_x is None else center_x) - middles) / TURN)
    moved = geometries.copy()
    far = np.flatnonzero(turns)
    _, owner = shapely.get_coordinates(moved[far], return_index=True)
    shifts = TURN * turns[far][owner]
    moved[far] = shapely.transform(
        moved[far], lambda vertices: vertices + np.column_stack([shifts, np.zeros_like(shifts)])
    )
    return moved


def _eastwards(vertices: np.ndarray) -> np.ndarray:
    return vertices + np.where(vertices < 0, (TURN, 0.0), 0.0)
