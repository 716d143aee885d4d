"""Slope, aspect, curvature and relief of a piece of a DEM.

All take elevations with a margin of one cell (relief: as many as it asks for), in metres, NaN
without data, and return arrays without the margin, NaN where any cell of the neighbourhood has
no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from rasterio.windows import Window
from scipy import ndimage

from dfpenet_mm.grid import RasterGrid
from postproc.inventory.measures import GEOD, to_lon_lat
from postproc.masks.burner import placed

# Cells between two places at which steps are measured; between them they are interpolated.
SPACING = 64


@dataclass(frozen=True)
class GroundSteps:
    """Steps of one column and of one row, metres to the true east and north, (rows, cols).

    Args:
        col_east, col_north: of a step to the next column.
        row_east, row_north: of a step to the next row.
    """

    col_east: np.ndarray
    col_north: np.ndarray
    row_east: np.ndarray
    row_north: np.ndarray

    @property
    def lengths(self) -> tuple[float, float]:
        """Mean length of a step of one column and of one row, metres."""
        col = np.hypot(self.col_east, self.col_north).mean()
        return float(col), float(np.hypot(self.row_east, self.row_north).mean())

    def inverse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return columns per metre east and north, then rows per metre east and north."""
        area = self.col_east * self.row_north - self.row_east * self.col_north
        return (
            self.row_north / area,
            -self.row_east / area,
            -self.col_north / area,
            self.col_east / area,
        )


def ground_steps(grid: RasterGrid, window: Window) -> GroundSteps:
    """Measure the steps of a window on the ellipsoid.

    So cells of a geographic CRS are as narrow as their latitude makes them, rotated and
    south-up rasters need no case of their own, and directions are from true north, whatever the
    CRS calls north.

    Args:
        grid: the raster's grid, in any CRS.
        window: the cells wanted.

    Returns:
        Steps of the window's shape, right to about (64 cells / earth radius)^2 / 8.
    """
    rows, across_rows = _nodes(window.row_off, window.height)
    cols, across_cols = _nodes(window.col_off, window.width)
    col, row = np.meshgrid(cols + 0.5, rows + 0.5)

    def spread(at_nodes: np.ndarray) -> np.ndarray:
        return across_rows @ at_nodes @ across_cols.T

    steps = (*_measured(grid, col, row, 0.5, 0.0), *_measured(grid, col, row, 0.0, 0.5))
    return GroundSteps(*map(spread, steps))


def _nodes(start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cells at which to measure, and every cell's weights of them."""
    count = max(2, -(-length // SPACING) + 1)
    nodes = np.linspace(0, max(length - 1, 1), count)
    cells = np.arange(length)
    weights = [np.interp(cells, nodes, unit) for unit in np.eye(count)]
    return start + nodes, np.column_stack(weights)


def _measured(
    grid: RasterGrid, col: np.ndarray, row: np.ndarray, half_col: float, half_row: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return metres east and north from half a step before places to half a step behind."""
    lon_lat = to_lon_lat(grid.crs)
    start, end = (
        lon_lat.transform(*placed(grid.transform, col + side * half_col, row + side * half_row))
        for side in (-1, 1)
    )
    azimuth, _, distance = GEOD.inv(*start, *end)
    angle = np.radians(azimuth)
    return distance * np.sin(angle), distance * np.cos(angle)


# Half the side of the square over which local relief is taken: about a hillside.
RELIEF_RADIUS_M = 250.0


def gradient(elevation: np.ndarray, steps: GroundSteps) -> tuple[np.ndarray, np.ndarray]:
    """Return the rise a metre to the east and to the north, from eight neighbours.

    Source: Horn 1981, Hill shading and the reflectance map; gdaldem's default.
    """
    north_west, north, north_east, west, _, east, south_west, south, south_east = _around(elevation)
    by_col = (north_east + 2 * east + south_east - north_west - 2 * west - south_west) / 8
    by_row = (south_west + 2 * south + south_east - north_west - 2 * north - north_east) / 8
    return _to_ground(by_col, by_row, steps)


def slope(elevation: np.ndarray, steps: GroundSteps) -> np.ndarray:
    """Return the slope, degrees, in [0, 90)."""
    return np.degrees(np.arctan(np.hypot(*gradient(elevation, steps))))


def aspect_parts(elevation: np.ndarray, steps: GroundSteps) -> tuple[np.ndarray, np.ndarray]:
    """Return the direction down the slope as a unit vector, (east, north) of true north.

    NaN where the ground is level, as it has none there.
    """
    east, north = gradient(elevation, steps)
    length = np.hypot(east, north)
    length = np.where(length > 0, length, np.nan)
    return -east / length, -north / length


def curvature(elevation: np.ndarray, steps: GroundSteps) -> np.ndarray:
    """Return minus the Laplacian, 1/m: positive on crests and cones, negative in hollows.

    It is the sum of ``profile_curvature`` and ``plan_curvature``.

    Source: Zevenbergen and Thorne 1987, Quantitative analysis of land surface topography.
    """
    _, _, (east_east, _, north_north) = _quadratic(elevation, steps)
    return -(east_east + north_north)


def profile_curvature(elevation: np.ndarray, steps: GroundSteps) -> np.ndarray:
    """Return minus the second derivative down the slope, 1/m: positive where it steepens.

    NaN where the ground is level. Source: as ``curvature``; sign: positive is convex.
    """
    east, north, second = _quadratic(elevation, steps)
    return -_second_along(east, north, second)


def plan_curvature(elevation: np.ndarray, steps: GroundSteps) -> np.ndarray:
    """Return minus the second derivative across the slope, 1/m: positive on spurs.

    NaN where the ground is level. Source: as ``curvature``; sign: positive is convex.
    """
    east, north, second = _quadratic(elevation, steps)
    return -_second_along(-north, east, second)


def relief_margin(steps: GroundSteps) -> tuple[int, int]:
    """Return rows and columns of margin that ``relief`` takes off on every side."""
    per_col, per_row = steps.lengths
    return max(1, round(RELIEF_RADIUS_M / per_row)), max(1, round(RELIEF_RADIUS_M / per_col))


def relief(elevation: np.ndarray, margin: tuple[int, int]) -> np.ndarray:
    """Return the range of elevation in a square of 2 x ``RELIEF_RADIUS_M``, metres."""
    size = tuple(2 * cells + 1 for cells in margin)
    missing = np.isnan(elevation)
    highest = ndimage.maximum_filter(np.where(missing, -np.inf, elevation), size)
    lowest = ndimage.minimum_filter(np.where(missing, np.inf, elevation), size)
    unknown = ndimage.maximum_filter(missing, size)
    rows, cols = margin
    inner = np.s_[rows : elevation.shape[0] - rows, cols : elevation.shape[1] - cols]
    return np.where(unknown, np.nan, highest - np.where(unknown, 0, lowest))[inner]


PLAIN: Mapping[str, Callable[[np.ndarray, GroundSteps], np.ndarray]] = MappingProxyType(
    {
        'slope': slope,
        'aspect_east': lambda elevation, steps: aspect_parts(elevation, steps)[0],
        'aspect_north': lambda elevation, steps: aspect_parts(elevation, steps)[1],
        'curvature': curvature,
        'profile_curvature': profile_curvature,
        'plan_curvature': plan_curvature,
    }
)
DERIVATIVES = (*PLAIN, 'relief')


def _around(elevation: np.ndarray) -> list[np.ndarray]:
    """Return the nine cells of every neighbourhood, row by row."""
    rows, cols = elevation.shape
    missing = ndimage.maximum_filter(np.isnan(elevation), 3)
    known = np.where(missing[1:-1, 1:-1], np.nan, 0.0)
    return [
        elevation[row : rows - 2 + row, col : cols - 2 + col] + known
        for row in range(3)
        for col in range(3)
    ]


def _to_ground(
    by_col: np.ndarray, by_row: np.ndarray, steps: GroundSteps
) -> tuple[np.ndarray, np.ndarray]:
    """Turn rises a cell into rises a metre east and north (the chain rule)."""
    col_east, col_north, row_east, row_north = steps.inverse()
    return by_col * col_east + by_row * row_east, by_col * col_north + by_row * row_north


def _quadratic(
    elevation: np.ndarray, steps: GroundSteps
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return rises east and north, and second derivatives (east east, east north, north north)."""
    north_west, north, north_east, west, middle, east, south_west, south, south_east = _around(
        elevation
    )
    cc, rr = west - 2 * middle + east, north - 2 * middle + south
    cr = (south_east - north_east - south_west + north_west) / 4
    ce, cn, re, rn = steps.inverse()
    second = (
        cc * ce**2 + 2 * cr * ce * re + rr * re**2,
        cc * ce * cn + cr * (ce * rn + cn * re) + rr * re * rn,
        cc * cn**2 + 2 * cr * cn * rn + rr * rn**2,
    )
    return *_to_ground((east - west) / 2, (south - north) / 2, steps), second


def _second_along(
    east: np.ndarray, north: np.ndarray, second: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return the second derivative in the direction (east, north)."""
    east_east, east_north, north_north = second
    squared = east**2 + north**2
    total = east**2 * east_east + 2 * east * north * east_north + north**2 * north_north
    return total / np.where(squared > 0, squared, np.nan)
