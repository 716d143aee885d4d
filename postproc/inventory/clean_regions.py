"""Regions that every format takes: valid plane polygons with an area."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from shapely import GeometryType

POLYGONAL = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)


def clean_regions(regions: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int, int]:
    """Mend invalid polygons, take heights off, and leave out what has no area.

    The engine's regions need nothing of it; a site's own hook may draw anything.

    Args:
        regions: geometries of any kind.

    Returns:
        Those that have an area, with all their columns (``regions`` itself when nothing was to
        do), how many of them were mended, and how many rows were left out.
    """
    geometries = regions.geometry.to_numpy()
    flat = not shapely.has_z(geometries).any()
    # Both copy; without heights the mended ones go into an array of their own.
    geometries = geometries.copy() if flat else shapely.force_2d(geometries)
    broken = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    geometries[broken] = shapely.make_valid(
        geometries[broken], method='structure', keep_collapsed=False
    )
    mixed = ~np.isin(shapely.get_type_id(geometries), POLYGONAL)
    # Of a collection the polygons stay; of lines and points nothing.
    geometries[mixed] = shapely.buffer(geometries[mixed], 0)
    # The area of None is NaN.
    areal = shapely.area(geometries) > 0
    if areal.all() and not (broken | mixed).any() and flat:
        return regions, 0, 0
    cleaned = regions.set_geometry(gpd.GeoSeries(geometries, index=regions.index, crs=regions.crs))
    kept = cleaned[areal].reset_index(drop=True)
    return kept, int((broken & areal).sum()), int((~areal).sum())
