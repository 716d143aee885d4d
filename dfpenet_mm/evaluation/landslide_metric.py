"""Scores of one class against the rest, from pixel counts over a whole data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS


def percent(part: float, whole: float) -> float:
    """Return ``part`` of ``whole`` in percent; NaN where nothing was to be counted."""
    return 100.0 * part / whole if whole else float('nan')


@METRICS.register_module()
class LandslideMetric(BaseMetric):
    """Precision, recall, F1, IoU of the landslide class, and overall accuracy, in percent.

    Pixels are summed over the data set before the ratios are taken. What the paper's
    landslide tables call "mIoU (Accuracy)" is ``IoU`` here.

    Args:
        landslide_class: label of landslides.
        ignore_index: label that is not scored.
        collect_device: where results of several processes meet.
        prefix: what the names begin with.

    Source: Eqs. 8-12.
    """

    default_prefix = 'landslide'

    def __init__(
        self,
        *,
        landslide_class: int = 1,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landslide_class = landslide_class
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:  # noqa: ARG002
        """Count (TP, FP, FN, TN) of every image of a batch."""
        for sample in data_samples:
            predicted = sample['pred_sem_seg']['data'].squeeze().cpu().numpy()
            label = sample['gt_sem_seg']['data'].squeeze().cpu().numpy()
            scored = label != self.ignore_index
            found = predicted[scored] == self.landslide_class
            true = label[scored] == self.landslide_class
            counts = [(found & true), (found & ~true), (~found & true), (~found & ~true)]
            self.results.append([int(count.sum()) for count in counts])

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Turn the counts of all images into scores."""
        tp, fp, fn, tn = (int(count) for count in np.sum(results, axis=0))
        return {
            'precision': percent(tp, tp + fp),  # Eq. 10
            'recall': percent(tp, tp + fn),  # Eq. 11
            'F1': percent(2 * tp, 2 * tp + fp + fn),  # Eq. 8
            'IoU': percent(tp, tp + fp + fn),  # Eq. 12
            'OA': percent(tp + tn, tp + fp + fn + tn),  # Eq. 9
        }
