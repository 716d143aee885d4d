"""Statistics of rasters under polygons, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import shapely

from dfpenet_mm.grid import RasterGrid
from postproc.masks.burner import PolygonBurner
from postproc.masks.product_rasters import scene_windows
from postproc.masks.zone_reduction import check_statistic, quantile_of, reduce_zones
from postproc.masks.zone_values import Reader, ZoneValues, window_values, zone_values

# A quantile is right to half a bin: 1/131,072 of the region's range of values.
BINS = 65_536
PARTS = ('pixels', 'count', 'mean', 'std', 'min', 'max', 'argmin', 'argmax')


def large_zone_statistics(
    geometry: shapely.Geometry, grid: RasterGrid, read: Reader, statistics: Sequence[str]
) -> np.ndarray | None:
    """Reduce one region window by window; quantiles take a second pass.

    Args:
        geometry: the polygon, in the grid's CRS.
        grid: grid of the layers.
        read: as for ``zone_values``.
        statistics: names as ``check_statistic`` knows them.

    Returns:
        Numbers of shape (layers, statistics), float64, or None where the polygon covers no
        pixel centre. All are exact but quantiles: they are the lower one of the two
        neighbouring values, to half of 1/``BINS`` of the range between ``min`` and ``max``.
    """
    windows = [reduce_zones(part, PARTS)[1][:, 0] for part in _parts(geometry, grid, read)]
    if not windows:
        return None
    by_layer = np.moveaxis(np.array(windows), 0, -1)
    layers = [_combined(dict(zip(PARTS, numbers, strict=True))) for numbers in by_layer]
    shares = {name: share for name in statistics if (share := quantile_of(name)) is not None}
    if shares:
        ranges = np.array([(layer['min'], layer['max']) for layer in layers])
        bins = _histograms(_parts(geometry, grid, read), ranges)
        for layer, (low, high), counts in zip(layers, ranges, bins, strict=True):
            layer |= {name: _quantile(counts, low, high, share) for name, share in shares.items()}
    return np.array([[layer[name] for name in statistics] for layer in layers])


def _parts(geometry: shapely.Geometry, grid: RasterGrid, read: Reader) -> Iterator[ZoneValues]:
    burner = PolygonBurner(np.array([geometry]), grid.transform)
    for window in scene_windows(grid.shape):
        part = window_values(burner, grid, read, window)
        if part is not None:
            yield part


def _combined(parts: dict[str, np.ndarray]) -> dict[str, float]:
    """Combine one layer's statistics of all windows."""
    known = parts['count'] > 0
    whole = dict.fromkeys(PARTS, np.nan) | {'pixels': parts['pixels'].sum(), 'count': 0.0}
    if not known.any():
        return whole
    parts = {name: numbers[known] for name, numbers in parts.items()}
    weights = parts['count'] / parts['count'].sum()
    mean = np.sum(weights * parts['mean'])
    # Variance within the windows and between them (Chan et al. 1979).
    variance = np.sum(weights * (parts['std'] ** 2 + (parts['mean'] - mean) ** 2))
    low, high = parts['min'].min(), parts['max'].max()
    return whole | {
        'count': parts['count'].sum(),
        'mean': mean,
        'std': np.sqrt(variance),
        'min': low,
        'max': high,
        'argmin': parts['argmin'][parts['min'] == low].min(),
        'argmax': parts['argmax'][parts['max'] == high].min(),
    }


def _histograms(parts: Iterator[ZoneValues], ranges: np.ndarray) -> np.ndarray:
    bins = np.zeros((len(ranges), BINS), dtype=np.int64)
    for part in parts:
        for layer, (low, high) in enumerate(ranges):
            values = part.values[layer]
            known = values[np.isfinite(values)]
            if known.size and high > low:
                numbers = ((known - low) * (BINS / (high - low))).astype(np.int64)
                bins[layer] += np.bincount(np.minimum(numbers, BINS - 1), minlength=BINS)
    return bins


def _quantile(bins: np.ndarray, low: float, high: float, share: float) -> float:
    if not high > low:
        return low
    ends = np.cumsum(bins)
    number = np.searchsorted(ends, share * (ends[-1] - 1), side='right')
    return low + (high - low) * (min(number, BINS - 1) + 0.5) / BINS


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
        if numbers is not None:
            seen[row] = True
            for layer, of_layer in zip(layers, numbers, strict=True):
                tables[layer][row] = of_layer
    small = np.where(large, shapely.Polygon(), geometries)
    for zones in zone_values(small, grid, read):
        fill(zones)
    specks = np.where(seen, shapely.Polygon(), geometries)
    for zones in zone_values(specks, grid, read, all_touched=True) if not seen.all() else ():
        fill(zones)
    return {layer: pd.DataFrame(table, columns=list(statistics)) for layer, table in tables.items()}
