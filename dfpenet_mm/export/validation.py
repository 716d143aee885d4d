"""Score predictors on a labelled set, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation.confusion_matrix import class_scores, count_confusion
from dfpenet_mm.mapping.network.backends import label_agreement
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.vocabulary import IGNORED


@dataclass(frozen=True)
class Score:
    """The quality of a predictor.

    Args:
        iou: intersection over union of the landslide class, percent.
        agreement: share of labels equal to the first predictor's, all pixels.
    """

    iou: float
    agreement: float


def validate(
    predictors: Mapping[str, Predictor],
    samples: Iterator[tuple[np.ndarray, np.ndarray]],
    *,
    landslide_class: int | Sequence[int],
    threshold: float,
) -> dict[str, Score]:
    """Score predictors on the same samples, which are read once.

    Args:
        predictors: by name; the first is what the others are compared with.
        samples: chips, shape (B, H, W), float32, training units; and labels, shape (H, W),
            255 where not scored.
        landslide_class: its label, or the labels of several kinds.
        threshold: smallest probability of a landslide pixel.

    Returns:
        Scores by name.

    Raises:
        ConfigError: if there are no samples.
    """
    confusions = {name: np.zeros((2, 2), np.int64) for name in predictors}
    agreements: dict[str, list[float]] = {name: [] for name in predictors}
    pixels = []
    for chip, label in samples:
        landslide = np.isin(label, landslide_class)
        truth = np.where(label == IGNORED, IGNORED, landslide).astype(np.uint8)
        found = {name: predict(chip[None])[0] for name, predict in predictors.items()}
        first = next(iter(found.values()))
        pixels.append(label.size)
        for name, probability in found.items():
            predicted = (probability >= threshold).astype(np.uint8)
            confusions[name] += count_confusion(
                truth, predicted, num_classes=2, ignore_index=IGNORED
            )
            agreements[name].append(label_agreement(first, probability, threshold))
    if not pixels:
        raise ConfigError('the validation set is empty; give one with images and masks')
    return {
        name: Score(
            iou=float(class_scores(confusion)['IoU'][1]),
            agreement=float(np.average(agreements[name], weights=pixels)),
        )
        for name, confusion in confusions.items()
    }


def labelled_samples(
    config: Config, *, folder: Path | None = None, most: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the test set of a config.

    Args:
        config: with a ``test_dataloader``, whose data set gives images and masks.
        folder: another place of ``images`` and ``masks``; None for the data set's own.
        most: most samples, evenly spread over the set; None for all.

    Yields:
        Chips, shape (B, H, W), float32, training units; and labels, shape (H, W), uint8.

    Raises:
        ConfigError: if the config names no test set.
        InputFileError: if its files are missing or damaged.
    """
    loader = config.get('test_dataloader')
    if not loader or not loader.get('dataset'):
        raise ConfigError(
            f'{config.filename} has no test_dataloader, which says how images and masks are read; '
            f'give a config with a data set'
        )
    settings = dict(loader['dataset'])
    if folder is not None:
        settings['data_root'] = str(folder)
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = DATASETS.build(settings)
    count = min(len(dataset), most or len(dataset))
    for index in np.linspace(0, len(dataset) - 1, count).round().astype(int):
        sample = dataset[int(index)]
        label = sample['data_samples'].gt_sem_seg.data[0].numpy()
        yield sample['inputs'].float().numpy(), label.astype(np.uint8)
