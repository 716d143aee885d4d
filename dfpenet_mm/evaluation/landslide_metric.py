"""Scores of one class against the rest, from pixel counts over a whole data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from dfpenet_mm.components import class_positions
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation.confusion import (
    against_rest,
    class_names,
    class_scores,
    confusion_of_sample,
    overall_accuracy,
)


@METRICS.register_module()
class LandslideMetric(BaseMetric):
    """Precision, recall, F1, IoU of the landslide class, and overall accuracy, in percent.

    Pixels are summed over the data set before the ratios are taken. What the paper's
    landslide tables call "mIoU (Accuracy)" is ``IoU`` here.

    Args:
        landslide_class: label of landslides, or labels of several kinds of them, which count as
            one; so do all other classes.
        ignore_index: label that is not scored.
        collect_device: where results of several processes meet.
        prefix: what the names begin with.

    Raises:
        ConfigError: if ``landslide_class`` is no whole number and no list of some; while scoring,
            if the data set has no such class.

    Source: Eqs. 8-12.
    """

    default_prefix = 'landslide'

    def __init__(
        self,
        *,
        landslide_class: int | Sequence[int] = 1,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landslide_classes = class_positions('landslide_class', landslide_class)
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:  # noqa: ARG002
        """Count the pixels of every image of a batch, as ``[[TN, FP], [FN, TP]]``."""
        names = class_names(self.dataset_meta)
        strange = [index for index in self.landslide_classes if not 0 <= index < len(names)]
        if strange:
            raise ConfigError(
                f'landslide_class {strange[0]} is none of the classes {names}; set it to the '
                f'position of the landslides among them'
            )
        for sample in data_samples:
            confusion = confusion_of_sample(sample, self.dataset_meta, self.ignore_index)
            self.results.append(against_rest(confusion, self.landslide_classes))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Turn the counts of all images into scores."""
        confusion = np.sum(results, axis=0)
        scores = {name: float(values[1]) for name, values in class_scores(confusion).items()}
        return scores | {'OA': overall_accuracy(confusion)}
