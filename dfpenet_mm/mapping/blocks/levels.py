"""The one form in which a block's probabilities are kept, sent and merged: 16-bit levels.

A level is 1/65535: v/255 is a level exactly, the rounding error is at most 8e-6, and a block
takes half the space of float32 and, being 0 nearly everywhere, compresses well. Every block is
rounded, whether it is stored or merged at once, so that no pixel tells which way it went.
"""

from __future__ import annotations

import numpy as np

LEVELS = 65535


def to_levels(probability: np.ndarray) -> np.ndarray:
    """Round probabilities to levels.

    Args:
        probability: float32, any shape, finite; what rounding took out of [0, 1] is clipped. It
            is overwritten.

    Returns:
        uint16, same shape.
    """
    np.clip(probability, 0, 1, out=probability)
    probability *= LEVELS
    return np.rint(probability, out=probability).astype(np.uint16)


def from_levels(levels: np.ndarray) -> np.ndarray:
    """Return the probabilities of levels, float32, each the nearest one to level / 65535."""
    return np.divide(levels, np.float32(LEVELS), dtype=np.float32)
