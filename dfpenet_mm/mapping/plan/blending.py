"""Weights with which overlapping windows are blended into one scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# A window's outermost pixels must weigh more than nothing: in the corners of a scene no
# other window covers them. Below 1e-3 of the peak they do not show in an overlap.
FLOOR = 1e-3


def hann(window: int, floor: float = FLOOR) -> np.ndarray:
    """Weigh the pixels of a window along one axis.

    Args:
        window: length of the window, pixels.
        floor: smallest weight, in (0, 1].

    Returns:
        Hann weights sampled at pixel centres, shape (window,), float64, in [floor, 1].
    """
    centres = (np.arange(window) + 0.5) / window
    return np.maximum(np.sin(np.pi * centres) ** 2, floor)


def axis_weights(
    offsets: Sequence[int], window: int, size: int, floor: float = FLOOR
) -> tuple[np.ndarray, ...]:
    """Weigh every window of an axis so that the weights of a pixel add up to one.

    Where windows do not overlap the weight is exactly 1. Normalising beforehand spares
    the merger a second buffer and a division. It holds although empty windows are never
    run: whatever window covers a valid pixel is not empty.

    Args:
        offsets: first pixel of each window.
        window: length of a window, pixels.
        size: length of the axis, pixels; windows are cut at its end.
        floor: smallest weight before normalising.

    Returns:
        One float32 array a window, shape (min(window, size),).
    """
    weights = hann(window, floor)[: min(window, size)]
    totals = np.zeros(size)
    for offset in offsets:
        totals[offset : offset + weights.size] += weights
    return tuple(
        (weights / totals[offset : offset + weights.size]).astype(np.float32) for offset in offsets
    )


def segment_weights(
    segments: Sequence[Sequence[int]], weights: Sequence[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Add up the weights of an axis by segments of neighbouring windows.

    Args:
        segments: first pixels of the windows of each segment, in order.
        weights: what ``axis_weights`` gives for all these windows.

    Returns:
        One float32 array a segment, shape (pixels of the segment,): 1 but where it overlaps
        a neighbour.
    """
    rest = iter(weights)
    sums = []
    for offsets in segments:
        parts = [next(rest) for _ in offsets]
        total = np.zeros(offsets[-1] + parts[-1].size - offsets[0])
        for offset, part in zip(offsets, parts, strict=True):
            total[offset - offsets[0] :][: part.size] += part
        sums.append(total.astype(np.float32))
    return tuple(sums)
