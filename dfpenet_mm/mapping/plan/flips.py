"""Average a prediction over the mirrorings of a chip, for every predictor alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Axes (of N, B, H, W) mirrored: identity, horizontal, vertical, both.
FLIPS = ((), (3,), (2,), (2, 3))


def average_flips(
    predict: Callable[[np.ndarray], np.ndarray], chips: np.ndarray, *, flips: bool
) -> np.ndarray:
    """Predict chips, mirrored in four ways if asked.

    The mirrorings go to ``predict`` together, chip by chip in their order, so that it may run
    them at the same time.

    Args:
        predict: from chips, shape (M, B, H, W), to probabilities, shape (M, H, W).
        chips: shape (N, B, H, W), float32.
        flips: whether to average over the mirrorings; otherwise ``predict`` sees the chips
            as they are.

    Returns:
        Probability, shape (N, H, W), float32, in the orientation of the chips.
    """
    if not flips:
        return predict(chips)
    mirrored = np.stack([np.flip(chips, axes) for axes in FLIPS], axis=1)
    found = predict(mirrored.reshape(-1, *chips.shape[1:]))
    found = found.reshape(len(chips), len(FLIPS), *found.shape[1:])
    total = np.zeros(found[:, 0].shape, np.float32)
    for index, axes in enumerate(FLIPS):
        total += np.flip(found[:, index], [axis - 1 for axis in axes])
    return total / np.float32(len(FLIPS))
