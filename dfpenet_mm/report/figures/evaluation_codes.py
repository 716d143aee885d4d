"""The pixel values of an ``evaluation.tif``, and how they are shown."""

from __future__ import annotations

import numpy as np

from dfpenet_mm.report.figures.palette import FALSE_ALARM, HIT, MISS

TP, FP, FN = 1, 2, 3
# False alarms and misses that a tolerance left to a boundary.
AT_BOUNDARY = {4: FP, 5: FN}
IN_REFERENCE = (TP, FN, 5)
NOT_COMPARED = 255
CONFUSION_COLOURS = {TP: HIT, FP: FALSE_ALARM, FN: MISS}
CONFUSION_LABELS = {TP: 'hit (TP)', FP: 'false alarm (FP)', FN: 'miss (FN)'}


def confusion(verdicts: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Judge a map by the reference behind the verdicts on another map.

    Args:
        verdicts: codes, uint8, shape (rows, cols).
        predicted: the map to judge, True on landslides, same shape.

    Returns:
        ``TP``, ``FP`` and ``FN``; 0 elsewhere, 255 where nothing is compared.
    """
    true = np.isin(verdicts, IN_REFERENCE)
    judged = np.zeros_like(verdicts)
    judged[predicted] = FP
    judged[true] = np.where(predicted[true], TP, FN)
    judged[verdicts == NOT_COMPARED] = NOT_COMPARED
    return judged
