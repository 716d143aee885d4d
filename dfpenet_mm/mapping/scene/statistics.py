"""Percentiles of a scene's bands, and pixels sampled all over it, streamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dfpenet_mm.errors import EmptySceneError

if TYPE_CHECKING:
    from dfpenet_mm.mapping.scene.scene import Scene

# Most pixels sampled where values are not counted one by one.
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
    scene: Scene, percents: Sequence[float], most: int = SAMPLE_PIXELS
) -> np.ndarray:
    """Find percentiles of each band over the scene's valid pixels.

    They are exact for uint8 and uint16. Other types are sampled on a regular grid, finer where
    it meets no valid pixel.

    Args:
        scene: the open scene.
        percents: in [0, 100].
        most: most pixels sampled, valid or not.

    Returns:
        Shape (B, percents), float64, the scene's units.

    Raises:
        EmptySceneError: if no pixel is valid.
        InputFileError: if the file is damaged.
    """
    if scene.dtype in (np.uint8, np.uint16):
        counts = _histograms(scene)
        return np.stack([histogram_percentiles(band, percents) for band in counts])
    (sample,) = sample_pixels([scene], most)
    if not sample.size:
        raise _no_valid_pixel(scene)
    return np.percentile(sample, percents, axis=1).T


def _histograms(scene: Scene) -> np.ndarray:
    """Count every value of every band, shape (B, 256 or 65536)."""
    values = np.iinfo(scene.dtype).max + 1
    counts = np.zeros((len(scene.bands), values), np.int64)
    for window in scene.tiles():
        bands, valid = scene.read(window)
        for index, band in enumerate(bands):
            counts[index] += np.bincount(band[valid].astype(scene.dtype), minlength=values)
    if not counts.any():
        raise _no_valid_pixel(scene)
    return counts


def sample_pixels(
    scenes: Sequence[Scene],
    most: int = SAMPLE_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> list[np.ndarray]:
    """Take every n-th pixel of every n-th row that is valid in all of some scenes.

    Args:
        scenes: open, on one grid. They are read once from end to end, and again with half the
            step as long as no such pixel is met.
        most: most pixels tried, valid or not.
        progress: called with the tiles read and their total.

    Returns:
        One array a scene, shape (B, pixels), float32, its units; without a pixel if none is valid
        in all.

    Raises:
        InputFileError: if a file is damaged.
    """
    rows, cols = scenes[0].shape
    step = max(1, int(np.ceil(np.sqrt(rows * cols / most))))
    sample = _sample_every(scenes, step, progress)
    while not sample[0].size and step > 1:
        step //= 2
        sample = _sample_every(scenes, step, progress)
    return sample


def _sample_every(
    scenes: Sequence[Scene], step: int, progress: Callable[[int, int], None] | None
) -> list[np.ndarray]:
    parts: list[list[np.ndarray]] = [[] for _ in scenes]
    tiles = list(scenes[0].tiles())
    for done, window in enumerate(tiles, 1):
        read = [scene.read(window) for scene in scenes]
        # The grid runs through the whole scene: it must not start anew in every tile.
        grid = np.s_[-window.row_off % step :: step, -window.col_off % step :: step]
        valid = np.logical_and.reduce([valid[grid] for _, valid in read])
        for part, (bands, _) in zip(parts, read, strict=True):
            part.append(bands[(slice(None), *grid)][:, valid])
        if progress:
            progress(done, len(tiles))
    return [np.concatenate(part, axis=1) for part in parts]


def _no_valid_pixel(scene: Scene) -> EmptySceneError:
    return EmptySceneError(f'{scene.path} has no valid pixel; check its nodata value and mask')
