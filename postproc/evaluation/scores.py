"""Precision, recall and IoU from counts, for all landslides and by their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Counts:
    """Hits, false alarms and misses, of pixels or of landslides.

    A ratio without anything to divide by is None: it is unknown, neither 0 nor 1.

    Args:
        tp: predicted and in the reference.
        fp: predicted, not in the reference.
        fn: in the reference, not predicted.

    Source: section 3.3, phase 4, Eqs. 8-12; for landslides TP + FP is the number of predicted
    regions, so TP counts predictions while FN counts reference landslides.
    """

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float | None:
        """Share of the predicted that is true."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """Share of the true that was predicted."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float | None:
        """Share of what is predicted or true that is both."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    def as_dict(self) -> dict[str, int | float | None]:
        """Return counts and ratios as plain JSON values."""
        ratios = {name: getattr(self, name) for name in ('precision', 'recall', 'f1', 'iou')}
        return {'tp': self.tp, 'fp': self.fp, 'fn': self.fn, **ratios}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def recall_by_size(
    areas_m2: np.ndarray, found: np.ndarray, edges_m2: Sequence[float]
) -> list[dict[str, float | int | None]]:
    """Count reference landslides by size.

    Args:
        areas_m2: their areas, square metres, shape (landslides,).
        found: which of them were found, boolean, shape (landslides,).
        edges_m2: rising limits between the classes; a landslide on a limit belongs to the
            larger class.

    Returns:
        One class a limit and one more, from small to large: ``from_m2``, ``to_m2`` (None for
        the last), ``landslides``, ``found``, and ``recall``, None for an empty class.
    """
    limits = [float(edge) for edge in edges_m2]
    members = np.searchsorted(limits, areas_m2, side='right')
    totals = np.bincount(members, minlength=len(limits) + 1).tolist()
    hits = np.bincount(members[found], minlength=len(limits) + 1).tolist()
    return [
        {
            'from_m2': low,
            'to_m2': high,
            'landslides': total,
            'found': hit,
            'recall': hit / total if total else None,
        }
        for low, high, total, hit in zip([0.0, *limits], [*limits, None], totals, hits, strict=True)
    ]
