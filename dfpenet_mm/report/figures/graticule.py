"""Longitudes and latitudes along the frame of a map, whatever its CRS and however it is turned."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from rasterio.warp import transform as transform_points

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.map_axes import size_points
from dfpenet_mm.report.figures.palette import SMALL
from dfpenet_mm.vocabulary import WGS84

# Points of an edge at which longitude and latitude are computed; between them they are straight.
POINTS = 129
# Points from tick to tick, at least; most ticks of an edge.
PITCH, MOST = 75, 6
HEMISPHERES = {'longitude': ('E', 'W'), 'latitude': ('N', 'S')}


def draw_graticule(axes: Axes, grid: RasterGrid) -> None:
    """Put ticks with longitudes and latitudes (WGS 84) at the lower and the left edge.

    On a map that is turned by more than 45 degrees it is the latitude that changes along the
    lower edge: every edge shows what changes most along it.

    Args:
        axes: an axes in the grid's pixels, rows downwards.
        grid: what is shown.
    """
    rows, cols = grid.shape
    along = np.linspace(0, 1, POINTS)
    lower = along * cols, np.full(POINTS, rows)
    left = np.zeros(POINTS), along * rows
    for edge, axis, length in zip(
        (lower, left), (axes.xaxis, axes.yaxis), size_points(axes), strict=True
    ):
        # No room for one label.
        if length < PITCH / 2:
            continue
        places, labels = edge_ticks(*edge, grid, max(1, min(MOST, int(length / PITCH))))
        if len(places) * PITCH / 2 > length:
            # Two labels would run into each other.
            places, labels = places[:1], labels[:1]
        axis.set_ticks(places, labels, fontsize=SMALL)
    axes.tick_params(direction='out', length=3, pad=2)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va='center')


def edge_ticks(
    cols: np.ndarray, rows: np.ndarray, grid: RasterGrid, steps: int
) -> tuple[list[float], list[str]]:
    """Find where round longitudes, or latitudes, cross an edge.

    Args:
        cols: columns of points along the edge, shape (points,).
        rows: their rows; columns or rows stay the same.
        grid: the grid whose edge it is.
        steps: about how many ticks are wanted.

    Returns:
        Places, in columns or rows, and what to write there.
    """
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    xs, ys = a * cols + b * rows + c, d * cols + e * rows + f
    lons, lats = map(np.array, transform_points(grid.crs, WGS84, xs.tolist(), ys.tolist()))
    # An edge may cross the 180th meridian.
    lons = np.unwrap(lons, period=360)
    shrink = math.cos(math.radians(float(np.median(lats))))
    values, name = (
        (lons, 'longitude')
        if abs(lons[-1] - lons[0]) * shrink >= abs(lats[-1] - lats[0])
        else (lats, 'latitude')
    )
    where = cols if np.ptp(cols) else rows
    order = np.argsort(values)
    low, high = values.min(), values.max()
    ticks = MaxNLocator(nbins=steps, steps=[1, 2, 5, 10]).tick_values(low, high)
    # A corner may lie at a round degree, but for the last decimal.
    slack = 1e-9 * (high - low)
    shown = ticks[(ticks >= low - slack) & (ticks <= high + slack)]
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    places = np.interp(shown, values[order], where[order])
    return places.tolist(), [degrees_text(value, name, digits) for value in shown]


def degrees_text(value: float, name: str, digits: int) -> str:
    """Say a longitude or latitude, such as 141.95° E; beyond 180° it is counted from the west."""
    if name == 'longitude':
        value = (value + 180) % 360 - 180
    number = f'{abs(value):.{digits}f}'
    # The equator and the meridians of 0 and 180 degrees belong to neither side.
    if float(number) in (0, 180):
        return f'{number}°'
    positive, negative = HEMISPHERES[name]
    return f'{number}° {positive if value > 0 else negative}'
