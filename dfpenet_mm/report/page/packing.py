"""Outlines of landslides, small enough for a page."""

from __future__ import annotations

import base64
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from dfpenet_mm.report.page.map_frame import MapFrame

# dtype -> constructor in JavaScript.
ARRAYS = {
    'uint8': 'Uint8Array',
    'uint16': 'Uint16Array',
    'uint32': 'Uint32Array',
    'int32': 'Int32Array',
    'float32': 'Float32Array',
    'float64': 'Float64Array',
}


def pack(values: np.ndarray, dtype: str) -> dict[str, Any]:
    """Pack an array.

    Args:
        values: numbers, shape (values,).
        dtype: a key of ``ARRAYS``.

    Returns:
        The name of JavaScript's array type and the bytes, as plain JSON values.
    """
    data = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder('<'))
    return {'array': ARRAYS[dtype], 'base64': base64.b64encode(data.tobytes()).decode('ascii')}


# Outlines along pixels lose their points on straight lines without a change; where they still
# have more than so many points in all, they are simplified to the picture's pixel.
MAX_POINTS = 250_000
TOLERANCES_PX = (0.01, 0.5, 1.0)
LARGEST_UINT16 = 65535


def picture_outlines(geometries: gpd.GeoSeries, frame: MapFrame) -> np.ndarray:
    """Return outlines in the picture's pixels, simplified if they are many.

    Args:
        geometries: polygons in any CRS; empty and missing ones stay.
        frame: where the picture lies.

    Returns:
        Polygons, shape (landslides,).
    """
    pixels = frame.pixels(geometries)
    for tolerance in TOLERANCES_PX:
        simple = shapely.simplify(pixels, tolerance)
        if shapely.get_num_coordinates(simple).sum() <= MAX_POINTS:
            break
    return simple


def pack_outlines(outlines: np.ndarray) -> dict[str, Any]:
    """Pack outlines: four bytes a point, right to 1/65535 of their extent.

    Args:
        outlines: polygons and multipolygons in the picture's pixels, shape (landslides,).

    Returns:
        ``points`` (x and y in turn), ``ring_points`` (points of every ring), ``rings`` (rings of
        every landslide) and the ``origin`` and ``quantum`` of the points, as JSON values.
    """
    parts, owner = shapely.get_parts(outlines, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    low = points.min(axis=0) if points.size else np.zeros(2)
    extent = np.ptp(points, axis=0).max() if points.size else 0.0
    quantum = max(float(extent), 1.0) / LARGEST_UINT16
    return {
        'points': pack(np.rint((points - low) / quantum).ravel(), 'uint16'),
        'ring_points': pack(np.bincount(ring, minlength=len(rings)), 'uint32'),
        'rings': pack(np.bincount(owner[part], minlength=len(outlines)), 'uint32'),
        'origin': low.tolist(),
        'quantum': quantum,
    }
