"""Measure the shift between two images by phase correlation on a fixed number of windows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from affine import Affine
from rasterio.windows import Window
from scipy.fft import fft2, fftfreq
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.measure import block_reduce
from skimage.registration import phase_cross_correlation

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.registration.shift import MeasuredShift, WindowShift
from dfpenet_mm.mapping.scene.scene import Scene

# Standard deviation of the filter that derives, pixels.
SMOOTHING = 1.0
# Pixels beside nodata whose derivative would see it.
REACH = 3
# Standard deviation of the frequencies that are compared, cycles per pixel: those above are
# noise and aliasing, those far below are shadows, which move with the sun.
BAND = 0.25
# Steps in a pixel to which a shift is found.
STEPS = 50
# Unrelated windows reach a quality of 11 / side at most (measured on white noise of 64 to 256
# pixels); from this numerator on a window is taken to show the same ground.
LEAST_QUALITY = 16.0


def coarsened(bands: np.ndarray, valid: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Average squares of pixels.

    Args:
        bands: shape (B, H, W).
        valid: bool, shape (H, W).
        factor: side of the squares, pixels, of which H and W are multiples.

    Returns:
        Means, shape (B, H / factor, W / factor); and whether all of a square is valid.
    """
    squares = (factor, factor)
    means = np.stack([block_reduce(band, squares, np.mean) for band in bands])
    return means, block_reduce(valid, squares, np.all)


def directions(bands: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Find which way the brightness rises, whatever the contrast.

    Args:
        bands: shape (B, H, W), any units.
        valid: bool, shape (H, W), at least one True.

    Returns:
        Complex, shape (H, W): of length 1, at the angle of the gradient; 0 in flat places, and
        where nodata is near.

    Source: Fitch et al. (2002), Orientation correlation, BMVC.
    """
    grey = bands.mean(axis=0, dtype=np.float64)
    grey = np.where(valid, grey, grey[valid].mean())
    gradient = gaussian_filter(grey, SMOOTHING, order=(0, 1)) + 1j * gaussian_filter(
        grey, SMOOTHING, order=(1, 0)
    )
    length = np.abs(gradient)
    # What rounding leaves of a flat place has a direction too.
    flat = length <= 1e-6 * max(np.abs(grey).max(), 1e-30)
    unseen = (
        binary_dilation(~valid, np.ones((3, 3)), iterations=REACH) if not valid.all() else ~valid
    )
    return np.where(flat | unseen, 0, gradient / np.where(flat, 1, length))


def shift_between(fixed: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """Measure how far the content of one window lies off that of another.

    Args:
        fixed: ``directions`` of the window, shape (side, side).
        moved: likewise, of the other image.

    Returns:
        Rows and columns by which the content of ``moved`` lies further down and further right,
        to 1/``STEPS`` pixel; and the quality, from 0 to 1: the share of the spectrum
        whose phases agree on it.
    """
    spectra = _phases(fixed), _phases(moved)
    if not all(spectrum.any() for spectrum in spectra):
        return 0.0, 0.0, 0.0
    shift, error, _ = phase_cross_correlation(
        *spectra, space='fourier', upsample_factor=STEPS, normalization=None
    )
    # It returns what would bring the moved image back, and the error 1 - peak^2 below a root.
    return -float(shift[0]), -float(shift[1]), math.sqrt(max(0.0, 1.0 - float(error) ** 2))


def least_quality(side: int) -> float:
    """Return the quality from which windows of ``side`` pixels are taken to be related."""
    return LEAST_QUALITY / side


def _phases(field: np.ndarray) -> np.ndarray:
    """Return the phases of a window's spectrum, weighted by frequency."""
    rows, cols = field.shape
    # Without a fade the window's own rim would be its strongest edge.
    spectrum = fft2(field * np.outer(_hann(rows), _hann(cols)))
    length = np.abs(spectrum)
    square = fftfreq(rows)[:, None] ** 2 + fftfreq(cols)[None, :] ** 2
    weight = np.exp(-0.5 * square / BAND**2)
    empty = length <= 1e-9 * max(length.max(), 1e-30)
    return np.where(empty, 0, weight * spectrum / np.where(empty, 1, length))


def _hann(size: int) -> np.ndarray:
    return np.hanning(size + 2)[1:-1]


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
        x, y = post.grid.transform @ (window.col_off + side / 2, window.row_off + side / 2)
        used = quality >= least_quality(side // factor)
        dx_m, dy_m = (to_metres @ (cols, rows)).tolist()
        found.append(WindowShift(x, y, dx_m, dy_m, quality, used))
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
