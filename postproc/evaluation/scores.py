"""Precision, recall and IoU from counts of hits, false alarms and misses."""

from __future__ import annotations

from dataclasses import dataclass


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
