"""Where polygons lie on a grid, in pixels."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine


def pixel_bounds(geometries: np.ndarray, transform: Affine) -> np.ndarray:
    """Return the bounds of geometries in pixels.

    Args:
        geometries: in map units, shape (n,).
        transform: from (col, row) to (x, y); may be rotated or south-up.

    Returns:
        First column, first row, last column and last row, with fractions, shape (n, 4); NaN
        where a geometry is empty.
    """
    inverse = ~transform
    if not (transform.b or transform.d):
        # The corners are then those of the map, and no geometry has to be copied.
        left, bottom, right, top = shapely.bounds(geometries).T
        (x1, y1), (x2, y2) = inverse @ (left, top), inverse @ (right, bottom)
        bounds = (f(*pair) for f in (np.minimum, np.maximum) for pair in ((x1, x2), (y1, y2)))
        return np.column_stack(list(bounds))

    def pixels(vertices: np.ndarray) -> np.ndarray:
        return np.column_stack(inverse @ (vertices[:, 0], vertices[:, 1]))

    return shapely.bounds(shapely.transform(geometries, pixels))
