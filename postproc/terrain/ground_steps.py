"""How far, and which way, a step of one column or row goes on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid

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
    crs = pyproj.CRS.from_user_input(grid.crs)
    to_lon_lat = pyproj.Transformer.from_crs(crs, 'EPSG:4326', always_xy=True)
    start, end = (
        to_lon_lat.transform(*(grid.transform @ (col + side * half_col, row + side * half_row)))
        for side in (-1, 1)
    )
    azimuth, _, distance = pyproj.Geod(ellps='WGS84').inv(*start, *end)
    angle = np.radians(azimuth)
    return distance * np.sin(angle), distance * np.cos(angle)
