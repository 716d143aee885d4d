"""Statistics of rasters under polygons, window by window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely

from dfpenet_mm.grid import RasterGrid
from postproc.masks.large_zones import large_zone_statistics
from postproc.masks.zone_reduction import check_statistic, reduce_zones
from postproc.masks.zone_values import Reader, ZoneValues, zone_values

# A region with more pixels is not held in memory (32 MB a layer), see large_zone_statistics.
MAX_PIXELS = 4_000_000


def zonal_statistics(
    geometries: np.ndarray,
    grid: RasterGrid,
    read: Reader,
    layers: Sequence[str],
    statistics: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """Reduce layers over the pixels of every polygon.

    A pixel belongs to a polygon that holds its centre; a polygon that holds none gets the
    pixels it touches. Memory grows with the polygons and with the pixels of those that cross a
    window, not with the scene.

    Args:
        geometries: polygons in the grid's CRS, shape (polygons,); where they overlap, a pixel
            belongs to each of them.
        grid: grid of the layers.
        read: gives the layers of a window (``rasterio.windows.Window``), each numeric, boolean
            or masked, shape (rows, cols); NaN, infinity and masked are no data.
        layers: names of what ``read`` gives, in its order.
        statistics: any of ``pixels`` (under the polygon, with data or without), ``count``
            (with data), ``mean``, ``std`` (of the population), ``min``, ``max``, ``median``,
            percentiles such as ``p10``, and ``argmin``, ``argmax``: the number row x cols +
            col of the pixel with the extreme, of several the first.

    Returns:
        For every layer a table, float64, one row a polygon in the order given and one column a
        statistic; NaN where no pixel has data (``pixels`` and ``count`` are 0 then). Everything
        is exact but for polygons of more than ``MAX_PIXELS``, whose quantiles are one of two
        neighbouring values, right to 1/131,072 of the range of all their values.

    Raises:
        ConfigError: if a statistic is unknown.
    """
    for statistic in statistics:
        check_statistic(statistic)
    geometries = np.asarray(geometries, dtype=object)
    empty = [0.0 if name in ('pixels', 'count') else np.nan for name in statistics]
    tables = {layer: np.tile(empty, (len(geometries), 1)) for layer in layers}
    seen = np.zeros(len(geometries), dtype=bool)

    def fill(zones: ZoneValues) -> None:
        rows, numbers = reduce_zones(zones, statistics)
        seen[rows] = True
        for layer, of_layer in zip(layers, numbers, strict=True):
            tables[layer][rows] = of_layer

    large = shapely.area(geometries) > MAX_PIXELS * abs(grid.transform.determinant)
    for row in np.flatnonzero(large):
        numbers = large_zone_statistics(geometries[row], grid, read, statistics)
        seen[row] = numbers is not None
        for layer, of_layer in zip(layers, numbers if seen[row] else (), strict=False):
            tables[layer][row] = of_layer
    small = np.where(large, shapely.Polygon(), geometries)
    for zones in zone_values(small, grid, read):
        fill(zones)
    specks = np.where(seen, shapely.Polygon(), geometries)
    for zones in zone_values(specks, grid, read, all_touched=True) if not seen.all() else ():
        fill(zones)
    return {layer: pd.DataFrame(table, columns=list(statistics)) for layer, table in tables.items()}
