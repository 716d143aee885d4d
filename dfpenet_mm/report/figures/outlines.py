"""Outlines of many polygons as one collection of lines."""

from __future__ import annotations

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection


def draw_outlines(
    axes: Axes,
    polygons: np.ndarray,
    colour: str,
    *,
    width: float,
    tolerance: float,
) -> None:
    """Draw shells and holes.

    Args:
        axes: an axes in the polygons' coordinates.
        polygons: or multipolygons, shape (polygons,).
        colour: of the lines.
        width: of the lines, points.
        tolerance: by how much a line may be simplified without being seen, in the coordinates.
    """
    rings = shapely.get_rings(shapely.get_parts(polygons))
    points, ring = shapely.get_coordinates(shapely.simplify(rings, tolerance), return_index=True)
    lines = np.split(points, np.flatnonzero(np.diff(ring)) + 1) if len(points) else []
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=width), autolim=False)
