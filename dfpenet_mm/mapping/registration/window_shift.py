"""The shift between two images in one window, by phase correlation of their edges' directions."""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import fft2, fftfreq
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.measure import block_reduce
from skimage.registration import phase_cross_correlation

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
