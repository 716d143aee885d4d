"""How far a sample is from a distribution: the Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np


def largest_distance(law: np.ndarray) -> float:
    """Return the largest distance between a sample's and a law's cumulative distributions.

    Args:
        law: cumulative distribution of the law at the values of the sample, rising, shape
            (values,), at least one.

    Returns:
        A distance from 0 to 1.
    """
    steps = np.arange(law.size + 1) / law.size
    return float(max((law - steps[:-1]).max(), (steps[1:] - law).max()))
