"""Which chips share ground, or lie too close to each other, whatever scene they are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

# Chips that adjoin may seem to overlap by so many pixels, by rounding in another grid.
ROUNDING = 0.01


def near_pairs(
    chips: Sequence[shapely.Polygon], others: Sequence[shapely.Polygon], gap: float
) -> np.ndarray:
    """Find the pairs that share ground or lie within the gap.

    Args:
        chips: outlines, in pixels of one grid.
        others: likewise.
        gap: empty ground wanted between two, pixels; 0 lets them adjoin, anything above does not.

    Returns:
        Places in ``chips`` and in ``others``, shape (2, pairs), int.
    """
    if not len(chips) or not len(others):
        return np.empty((2, 0), int)
    shrunk = shapely.buffer(others, -ROUNDING, join_style='mitre')
    return shapely.STRtree(shrunk).query(chips, predicate='dwithin', distance=gap)


def far_enough(
    train: Sequence[shapely.Polygon], val: Sequence[shapely.Polygon], gap: float
) -> np.ndarray:
    """Find the training chips that are near no validation chip.

    Args:
        train: outlines of the training chips, in pixels of one grid.
        val: likewise of the validation chips.
        gap: as for ``near_pairs``.

    Returns:
        True for chips that may train, shape (train,).
    """
    far = np.ones(len(train), bool)
    far[near_pairs(train, val, gap)[0]] = False
    return far
