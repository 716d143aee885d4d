"""A grid to count pixels on when neither of two inventories is a raster."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import ConfigError, GridMismatchError
from dfpenet_mm.grid import RasterGrid, horizontal, measures_are_planar
from postproc.inventory.measures import LON_LAT, areas_m2

# A landslide of median size gets about this many pixels, unless there would be too many.
PIXELS_OF_MEDIAN = 100
MOST_PIXELS = 500_000_000
# GDAL counts rows and columns in 32 bits.
LONGEST_SIDE = 2**31 - 1


def derive_grid(
    inventories: Sequence[gpd.GeoDataFrame],
    area: gpd.GeoDataFrame | None = None,
    pixel_size_m: float | None = None,
) -> RasterGrid:
    """Lay a grid over inventories.

    Args:
        inventories: polygons, each with a CRS; at least one has a row. The first projected CRS
            in which areas are true is taken, otherwise the UTM zone of their middle.
        area: further polygons to cover, in which the inventories are compared; None without.
        pixel_size_m: side of a pixel, metres; None for a round number at which a landslide of
            median size has about ``PIXELS_OF_MEDIAN`` pixels and the grid at most
            ``MOST_PIXELS``.

    Returns:
        A north-up grid around all polygons, one pixel wider on every side.

    Raises:
        ConfigError: if the pixel size is not above 0, or so small that no raster holds the grid.
        GridMismatchError: if the inventories lie apart and no area says that this is meant.
    """
    if pixel_size_m is not None and not 0 < pixel_size_m < math.inf:
        raise ConfigError(f'the pixel size is {pixel_size_m}; give one above 0, in metres')
    filled = [table for table in inventories if len(table)]
    crs = _metric_crs(filled)
    covered = [*filled, *([] if area is None else [area])]
    frames = [shapely.box(*table.to_crs(crs).total_bounds) for table in covered]
    if area is None and not shapely.intersects(frames[0], frames[-1]):
        raise GridMismatchError(
            'the prediction and the reference lie apart; give inventories of one place, check '
            'their CRS, or give the area in which they are to be compared'
        )
    left, bottom, right, top = shapely.total_bounds(frames)
    _, unit = crs.linear_units_factor
    if pixel_size_m is None:
        median = float(np.median(np.concatenate([areas_m2(table) for table in filled])))
        extent = (right - left) * (top - bottom) * unit**2
        pixel_size_m = _round_up(
            max(math.sqrt(median / PIXELS_OF_MEDIAN), math.sqrt(extent / MOST_PIXELS))
        )
    side = pixel_size_m / unit
    # Whole multiples of the pixel, so that grids of one place and pixel size fit together.
    left, top = math.floor(left / side) - 1, math.ceil(top / side) + 1
    cols, rows = math.ceil(right / side) + 1 - left, top - math.floor(bottom / side) + 1
    if max(rows, cols) > LONGEST_SIDE or rows * cols > LONGEST_SIDE * 64:
        raise ConfigError(
            f'pixels of {pixel_size_m:g} m make a grid of {rows} rows and {cols} columns, more '
            f'than a raster can hold; give a larger pixel size, or an evaluation area'
        )
    return RasterGrid(crs, Affine(side, 0, left * side, 0, -side, top * side), (rows, cols))


def _metric_crs(tables: Sequence[gpd.GeoDataFrame]) -> CRS:
    for table in tables:
        crs = horizontal(CRS.from_user_input(table.crs))
        left, bottom, right, top = table.total_bounds
        corners = [(x, y) for x in (left, right) for y in (bottom, top)]
        if all(measures_are_planar(crs, x, y) for x, y in corners):
            return crs
    return CRS.from_user_input(tables[0].to_crs(LON_LAT).estimate_utm_crs())


def _round_up(length: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below ``length``."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= length)
