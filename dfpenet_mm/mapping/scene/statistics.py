"""Percentiles of a scene's bands, streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dfpenet_mm.errors import EmptySceneError

if TYPE_CHECKING:
    from dfpenet_mm.mapping.scene.scene import Scene

# Most pixels sampled of a scene whose values cannot be counted one by one.
SAMPLE_PIXELS = 4_000_000


def histogram_percentiles(counts: np.ndarray, percents: Sequence[float]) -> np.ndarray:
    """Find percentiles of whole numbers from how often each occurs.

    Args:
        counts: occurrences of 0, 1, 2, ..., shape (values,); at least one.
        percents: in [0, 100].

    Returns:
        What ``numpy.percentile`` gives for the numbers themselves, shape (percents,).
    """
    cumulated = np.cumsum(counts)
    ranks = np.asarray(percents) / 100 * (cumulated[-1] - 1)
    below = np.searchsorted(cumulated, np.floor(ranks), side='right')
    above = np.searchsorted(cumulated, np.ceil(ranks), side='right')
    return below + (above - below) * (ranks - np.floor(ranks))


def band_percentiles(
    scene: Scene, percents: Sequence[float], sample_pixels: int = SAMPLE_PIXELS
) -> np.ndarray:
    """Find percentiles of each band over the scene's valid pixels.

    They are exact for uint8 and uint16. Other types are sampled on a regular grid, finer where
    it meets no valid pixel.

    Args:
        scene: the open scene.
        percents: in [0, 100].
        sample_pixels: most pixels sampled, valid or not.

    Returns:
        Shape (B, percents), float64, the scene's units.

    Raises:
        EmptySceneError: if no pixel is valid.
        InputFileError: if the file is damaged.
    """
    if scene.dtype in (np.uint8, np.uint16):
        counts = _histograms(scene)
        return np.stack([histogram_percentiles(band, percents) for band in counts])
    return np.percentile(_sample(scene, sample_pixels), percents, axis=1).T


def _histograms(scene: Scene) -> np.ndarray:
    """Count every value of every band, shape (B, 256 or 65536)."""
    values = np.iinfo(scene.dtype).max + 1
    counts = np.zeros((len(scene.bands), values), np.int64)
    for window in scene.tiles():
        bands, valid = scene.read(window)
        for index, band in enumerate(bands):
            counts[index] += np.bincount(band[valid].astype(scene.dtype), minlength=values)
    if not counts.any():
        raise EmptySceneError(f'{scene.path} has no valid pixel; check its nodata value and mask')
    return counts


def _sample(scene: Scene, pixels: int) -> np.ndarray:
    """Take every n-th valid pixel of every n-th row, shape (B, pixels)."""
    rows, cols = scene.shape
    step = max(1, int(np.ceil(np.sqrt(rows * cols / pixels))))
    while step:
        sample = _sample_every(scene, step)
        if sample.size:
            return sample
        step //= 2
    raise EmptySceneError(f'{scene.path} has no valid pixel; check its nodata value and mask')


def _sample_every(scene: Scene, step: int) -> np.ndarray:
    parts = []
    for window in scene.tiles():
        bands, valid = scene.read(window)
        # The grid runs through the whole scene: it must not start anew in every tile.
        grid = np.s_[-window.row_off % step :: step, -window.col_off % step :: step]
        parts.append(bands[(slice(None), *grid)][:, valid[grid]])
    return np.concatenate(parts, axis=1)
