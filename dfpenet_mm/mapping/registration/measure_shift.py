"""Measure the shift between two scenes on a grid of windows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.registration.shift import MeasuredShift, WindowShift
from dfpenet_mm.mapping.registration.window_shift import (
    coarsened,
    directions,
    least_quality,
    shift_between,
)
from dfpenet_mm.mapping.scene.scene import Scene

# Side of a window, pixels, and most windows along one side of a scene: 144 windows take 10
# seconds, however large the scene.
SIDE = 256
SMALLEST = 64
WINDOWS = 12
# Of a window, the share of pixels that must be valid in both scenes.
LEAST_VALID = 0.75
# Most pixels of the scene that make one of a coarser pre-event image, along a side.
COARSEST = 8


def measure_shift(post: Scene, pre: Scene) -> MeasuredShift:
    """Measure how far the pre-event scene lies off the post-event one.

    Time and memory do not depend on the size of the scenes: at most ``WINDOWS`` times
    ``WINDOWS`` windows are read. Shifts of up to half a window are found. Where the pre-event
    image is coarser, both are compared at its resolution: finer edges are in one of them only.

    Args:
        post: the post-event scene.
        pre: the pre-event scene, on the same grid.

    Returns:
        The shift.

    Raises:
        InputFileError: if a file is damaged.
    """
    pixel_m = max(post.grid.gsd, pre.own_grid.gsd)
    factor = int(np.clip(round(pixel_m / post.grid.gsd), 1, COARSEST))
    side = _side(post.shape, factor)
    to_metres = factor * _pixels_to_metres(post.grid)
    found = []
    for window in _grid_of_windows(post.shape, side):
        after, before = (coarsened(*scene.read(window), factor) for scene in (post, pre))
        if (after[1] & before[1]).mean() < LEAST_VALID:
            continue
        rows, cols, quality = shift_between(directions(*after), directions(*before))
        middle = post.grid.transform @ (window.col_off + side / 2, window.row_off + side / 2)
        used = quality >= least_quality(side // factor)
        metres = (to_metres @ (cols, rows)).tolist()
        found.append(WindowShift(*middle, *metres, quality, used))
    return MeasuredShift(tuple(found), pixel_m, side)


def same_pixels(post: Scene, pre: Scene) -> bool:
    """Tell whether two scenes are one image: equal in every window that ``measure_shift`` reads.

    Raises:
        InputFileError: if a file is damaged.
    """
    if pre.resampled:
        return False
    seen = False
    for window in _grid_of_windows(post.shape, _side(post.shape, 1)):
        (after, known), (before, known_before) = (scene.read(window) for scene in (post, pre))
        if not (np.array_equal(known, known_before) and np.array_equal(after, before)):
            return False
        seen |= bool(known.any())
    return seen


def _side(shape: tuple[int, int], factor: int) -> int:
    """Choose windows of which even a small scene has several; a multiple of the factor."""
    side = min(SIDE * factor, max(SMALLEST * factor, min(shape) // 2), *shape)
    return max(side // factor, 1) * factor


def _grid_of_windows(shape: tuple[int, int], side: int) -> Iterator[Window]:
    """Lay windows evenly over a scene, overlapping by half of their side where it is small."""
    rows, cols = (
        np.linspace(0, size - side, min(WINDOWS, max(1, 2 * size // side - 1))).astype(int)
        for size in shape
    )
    for row in rows.tolist():
        for col in cols.tolist():
            yield Window(col, row, side, side)


def _pixels_to_metres(grid: RasterGrid) -> np.ndarray:
    """Return the matrix from (columns, rows) to metres along x and y, at the grid's centre."""
    a, b, _, d, e, _ = tuple(grid.transform)[:6]
    # A pixel of a grid without rotation is a step along x and one along y.
    step, (x, y) = math.hypot(a, d), grid.center
    straight = RasterGrid(grid.crs, Affine(step, 0, x, 0, -step, y), (0, 0))
    unit = np.array(straight.pixel_size) / step
    return unit[:, None] * np.array([[a, b], [d, e]])
