"""How far the labels of a faster predictor are those of the exact one."""

from __future__ import annotations

import numpy as np

# Smallest share of equal labels with which a precision may stand in for float32.
LEAST_AGREEMENT = {'fp32': 0.9999, 'f32': 0.9999, 'bf16': 0.999, 'fp16': 0.999, 'int8': 0.995}


def label_agreement(first: np.ndarray, second: np.ndarray, threshold: float) -> float:
    """Return the share of pixels that two predictors label alike.

    Args:
        first: probabilities, any shape.
        second: probabilities, same shape.
        threshold: smallest probability of a landslide pixel.
    """
    return float(((first >= threshold) == (second >= threshold)).mean())
