"""Weights with which overlapping windows are blended into one scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Share of the overlap at either edge of a window that does not count. What a network sees near
# the edge of a window ends in padding; the rest of the overlap is left to fade.
TRIM = 0.25


def fade_in(window: int, overlap: int) -> np.ndarray:
    """Weigh the pixels of a window by their distance from its first edge.

    Args:
        window: length of the window, pixels.
        overlap: what it shares with the window before, pixels, in [0, window).

    Returns:
        Shape (window,), float64: 0 on the first ``TRIM`` of the overlap, then half a Hann window
        sampled at pixel centres over the middle of it, then 1. A network whose receptive
        field reaches no further than the trimmed pixels shows no seam at all.
    """
    trim = int(overlap * TRIM)
    fade = overlap - 2 * trim
    centres = np.arange(window) + 0.5
    share = np.clip((centres - trim) / max(fade, 1), 0, 1) if overlap else np.ones(window)
    return np.sin(np.pi / 2 * share) ** 2


def axis_weights(
    offsets: Sequence[int], window: int, stride: int, size: int
) -> tuple[np.ndarray, ...]:
    """Weigh every window of an axis so that the weights of a pixel add up to one.

    Where windows do not overlap the weight is exactly 1, and at the ends of the axis nothing
    fades. The first and the last window, which may lie closer to their neighbours than a stride,
    only count where those do not: what is seen at a place shall not depend on where the scene
    ends. Normalising beforehand spares the merger a second buffer and a division. It holds
    although empty windows are never run: whatever window covers a valid pixel is not empty.

    Args:
        offsets: first pixel of each window.
        window: length of a window, pixels.
        stride: step from window to window, pixels; the first and last step may be shorter.
        size: length of the axis, pixels; windows are cut at its end.

    Returns:
        One float32 array a window, shape (min(window, size),), in [0, 1].
    """
    rise = fade_in(window, window - stride)
    weights = []
    for offset in offsets:
        first = np.ones(window) if offset == 0 else rise
        last = np.ones(window) if offset + window >= size else rise[::-1]
        weights.append(first * last)
    if len(offsets) > 1 and offsets[-1] - offsets[-2] < stride:
        shift = offsets[-1] - offsets[-2]
        weights[-1] = np.ones(window)
        weights[-1][: window - shift] -= rise[::-1][shift:]
    if len(offsets) > 2 and offsets[1] < stride:
        weights[0][offsets[1] :] *= 1 - rise[: window - offsets[1]]
    weights = [weight[: min(window, size)] for weight in weights]
    totals = np.zeros(size)
    for offset, weight in zip(offsets, weights, strict=True):
        totals[offset : offset + weight.size] += weight
    return tuple(
        (weight / totals[offset : offset + weight.size]).astype(np.float32)
        for offset, weight in zip(offsets, weights, strict=True)
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
