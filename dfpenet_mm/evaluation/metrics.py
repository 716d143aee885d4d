"""Scores of classes over a whole data set, from its confusion matrix of pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from rich.box import ASCII2
from rich.console import Console
from rich.table import Table

from dfpenet_mm.components import class_positions
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation.confusion_matrix import (
    against_rest,
    class_names,
    class_scores,
    confusion_of_sample,
    mean_defined,
    overall_accuracy,
)
from dfpenet_mm.evaluation.image_tally import ImageTally
from dfpenet_mm.evaluation.set_scores import RESAMPLES, flat_scores, score_set, scores_as_text
from dfpenet_mm.vocabulary import IGNORED


@METRICS.register_module()
class LandslideMetric(BaseMetric):
    """Precision, recall, F1, IoU of the landslide class, and overall accuracy, in percent.

    Pixels are summed over the data set before the ratios are taken. What the paper's
    landslide tables call "mIoU (Accuracy)" is ``IoU`` here.

    Args:
        landslide_class: label of landslides, or labels of several kinds of them, which count as
            one; so do all other classes.
        ignore_index: label that is not scored.
        details: also give intervals over images, scores of landslides and calibration, which a
            validation during training does without: ``<score>.low`` and ``<score>.high``,
            ``found.<smallest size>``, ``ECE`` and others, and a table in the log.
        pixel_size: side of a pixel, metres, for the details; None if nobody knows, which counts
            landslides by pixels.
        resamples: sets of images that are drawn for the intervals.
        seed: of the draws.
        collect_device: where results of several processes meet.
        prefix: what the names begin with.

    Raises:
        ConfigError: if ``landslide_class`` is no whole number and no list of some, or the pixel
            size is not above 0; while scoring, if the data set has no such class.

    Source: Eqs. 8-12.
    """

    default_prefix = 'landslide'

    def __init__(
        self,
        *,
        landslide_class: int | Sequence[int] = 1,
        ignore_index: int = IGNORED,
        details: bool = False,
        pixel_size: float | None = None,
        resamples: int = RESAMPLES,
        seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landslide_classes = class_positions('landslide_class', landslide_class)
        self.ignore_index = ignore_index
        if pixel_size is not None and not 0 < pixel_size < math.inf:
            raise ConfigError(f'pixel_size is {pixel_size}; give metres above 0, or None')
        self.details = details
        self.pixel_size, self.resamples, self.seed = pixel_size, resamples, seed

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
            counts = against_rest(confusion, self.landslide_classes)
            self.results.append((counts, self._tally(sample)) if self.details else counts)

    def _tally(self, sample: Mapping) -> ImageTally:
        label, predicted = (
            sample[name]['data'].cpu().numpy() for name in ('gt_sem_seg', 'pred_sem_seg')
        )
        label, predicted = (values.reshape(values.shape[-2:]) for values in (label, predicted))
        truth = np.isin(label, self.landslide_classes).astype(np.uint8)
        truth[label == self.ignore_index] = IGNORED
        return ImageTally.of(
            truth,
            np.isin(predicted, self.landslide_classes),
            probability=_probability(sample, self.landslide_classes, predicted),
            pixel_size=self.pixel_size,
        )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Turn the counts of all images into scores, and log the details as a table."""
        confusion = np.sum([r[0] for r in results] if self.details else results, axis=0)
        scores = {name: float(values[1]) for name, values in class_scores(confusion).items()}
        scores |= {'OA': overall_accuracy(confusion)}
        if not self.details:
            return scores
        details = score_set(
            [tally for _, tally in results],
            in_metres=self.pixel_size is not None,
            resamples=self.resamples,
            seed=self.seed,
        )
        print_log('\n' + scores_as_text(details), logger='current')
        return scores | flat_scores(details)


def _probability(
    sample: Mapping, landslide_classes: Sequence[int], predicted: np.ndarray
) -> np.ndarray | None:
    """Return the probability that a prediction was made from; None where it was from another.

    mmseg's own mean over views leaves the logits of a single view beside it.
    """
    logits = sample.get('seg_logits', {}).get('data')
    if logits is None:
        return None
    if len(logits) == 1:
        probability = logits.double().sigmoid()[0].cpu().numpy()
        return probability if landslide_classes == (1,) else None
    if (logits.argmax(dim=0).cpu().numpy() != predicted).any():
        return None
    return logits.double().softmax(dim=0)[list(landslide_classes)].sum(dim=0).cpu().numpy()


@METRICS.register_module()
class SegmentationMetric(BaseMetric):
    """F1, IoU, precision and recall of every class, their means, and overall accuracy (OA).

    All in percent, from pixels summed over the data set. Returned names are ``mF1``, ``mIoU``,
    ``mPrecision``, ``mRecall``, ``OA``, and ``F1.<class>``, ``IoU.<class>`` and so on.

    A class that neither occurs nor is predicted has no score: it is NaN, shown as a dash, and
    is in no mean. One that is predicted but never occurs has F1 and IoU 0, which the means
    include. A precision without predictions and a recall without occurrences are left out of
    their means, which may flatter these two; F1 and IoU of such a class are 0 and are not left out.

    Unscored classes are left out of the means, and of nothing else. Their pixels stay in the
    matrix: clutter mapped as car is a false alarm of cars, a car mapped as clutter is missed,
    and clutter counts in OA. That is the ISPRS benchmark's way, whose confusion matrices have
    all six classes and whose tables show five. Ignoring the pixels of true clutter instead would
    hide false alarms on it, yet still punish predicting it. Whoever wants that maps clutter
    to ``ignore_index`` when the mask is loaded.

    Args:
        unscored_classes: names of the classes that no mean includes.
        ignore_index: label that is not scored: nodata, and the boundaries of the eroded ground
            truth of the paper's Table 2.
        collect_device: where results of several processes meet.
        prefix: what the names begin with.

    Raises:
        ConfigError: while scoring, if an unscored class is no class of the data set or none
            is left.

    Source: section 3.2.5, Eqs. 8-12. In Table 1 mean F1 and mIoU are means over the five classes
    without clutter, where every IoU = F1 / (2 - F1), so both come from the same counts; what OA
    does with clutter the text does not say.
    """

    default_prefix = 'segmentation'

    def __init__(
        self,
        *,
        unscored_classes: Sequence[str] = (),
        ignore_index: int = IGNORED,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if isinstance(unscored_classes, str):
            raise ConfigError(
                f'unscored_classes is the text {unscored_classes!r}; give a list of names, '
                f'such as ({unscored_classes!r},)'
            )
        self.unscored_classes = tuple(unscored_classes)
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:  # noqa: ARG002
        """Add the confusion matrix of every image of a batch."""
        # Before the first image, not after the last.
        scored_classes(class_names(self.dataset_meta), self.unscored_classes)
        self.results += [
            confusion_of_sample(sample, self.dataset_meta, self.ignore_index)
            for sample in data_samples
        ]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Turn the matrices of all images into scores, and log them as a table."""
        names = class_names(self.dataset_meta)
        kept = scored_classes(names, self.unscored_classes)
        confusion = np.sum(results, axis=0)
        scores = class_scores(confusion)
        metrics = {
            f'm{score[0].upper()}{score[1:]}': mean_defined(values[kept])
            for score, values in scores.items()
        }
        metrics['OA'] = overall_accuracy(confusion)
        print_log('\n' + score_table(names, scores, metrics, kept), logger='current')
        for score, values in scores.items():
            for name, value in zip(names, values, strict=True):
                metrics[f'{score}.{name.replace(" ", "_")}'] = float(value)
        return metrics


def scored_classes(names: Sequence[str], unscored: Sequence[str]) -> np.ndarray:
    """Return the positions of the classes that the means include.

    Raises:
        ConfigError: if a name is no class, or none is left.
    """
    strange = [name for name in unscored if name not in names]
    kept = np.array([i for i, name in enumerate(names) if name not in unscored], dtype=int)
    if strange or not kept.size:
        raise ConfigError(
            f'unscored_classes {tuple(unscored)} do not fit the classes {tuple(names)}; name some '
            f'of them, not all'
        )
    return kept


def score_table(
    names: Sequence[str],
    scores: dict[str, np.ndarray],
    means: dict[str, float],
    kept: np.ndarray,
) -> str:
    """Draw the scores as text: a row per class, then the means and OA.

    Args:
        names: of the classes.
        scores: as of ``class_scores``.
        means: the mean of every score under its name with an m before it, and ``OA``.
        kept: positions of the classes that the means include; the others are marked.
    """
    caption = f'overall accuracy {as_text(means["OA"])} %'
    table = Table('class', *scores, caption=caption, box=ASCII2)
    for index, name in enumerate(names):
        shown = name if index in kept else f'{name} (not in the means)'
        table.add_row(shown, *(as_text(values[index]) for values in scores.values()))
    table.add_section()
    mean_values = [value for name, value in means.items() if name != 'OA']
    table.add_row('mean', *(as_text(value) for value in mean_values))
    # Neither colours nor the width of a terminal: the text goes to log files too.
    console = Console(width=100, color_system=None, force_terminal=False)
    return ''.join(segment.text for segment in console.render(table))


def as_text(value: float) -> str:
    """Return a percentage with the two decimals of the paper's tables, a dash for NaN."""
    return '-' if np.isnan(value) else f'{value:.2f}'
