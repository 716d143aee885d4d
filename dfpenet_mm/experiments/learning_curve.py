"""Scores against the size of the training set, as the paper's Fig. 10 shows them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure
from mmengine.config import Config

from dfpenet_mm.components import class_positions
from dfpenet_mm.errors import ConfigError

FRACTIONS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0)
# Below this share the paper weighs the landslide class; up to half of it batches are halved.
FEW = 20.0
SMALL_BATCH, BATCH = 2, 4
CROSS_ENTROPIES = ('LabelledCrossEntropyLoss', 'LabelledFocalLoss', 'CrossEntropyLoss')


def use_fraction(config: Config, fraction: float, *, seed: int, landslide_weight: float) -> Config:
    """Return a config that trains on a random part of its training set.

    Args:
        config: a config whose training data set is a ``LandslideDataset``; left unchanged.
        fraction: share of the training set, percent, in (0, 100].
        seed: which part; a smaller fraction of the same seed is a part of a larger one.
        landslide_weight: weight of the landslide class in every cross-entropy, or of each of
            the classes that its ``LandslideMetric`` counts as landslides, for fractions under
            20 %. Other classes keep theirs.

    Raises:
        ConfigError: if the fraction is out of range or the data set cannot be divided.

    Source: section 4.2.2, "Size of training set": batches of 2, 2, 4, 4, 4, 4, 4 for 5, 10, 20,
    40, 60, 80, 100 %, and a weight of the landslide class under 20 %.
    """
    if not 0 < fraction <= 100:
        raise ConfigError(f'the fraction is {fraction} %, wanted is more than 0 and up to 100')
    part = Config(config.to_dict())
    loader = part.train_dataloader
    if loader.dataset.type != 'LandslideDataset':
        raise ConfigError(
            f'the training data set is a {loader.dataset.type}, of which no fraction can be '
            f'taken; give a config that trains on one LandslideDataset'
        )
    loader.dataset.fraction = fraction / 100
    loader.dataset.fraction_seed = seed
    loader.batch_size = SMALL_BATCH if fraction < FEW else BATCH
    if fraction < FEW:
        _weigh_landslides(part, landslide_weight)
    return part


def _weigh_landslides(config: Config, weight: float) -> None:
    head = config.model.decode_head
    labels = _landslide_classes(config)
    for loss in head.loss_decode if isinstance(head.loss_decode, list) else [head.loss_decode]:
        if loss.type in CROSS_ENTROPIES:
            weights = list(loss.get('class_weight') or [1.0] * head.num_classes)
            loss.class_weight = [
                weight if label in labels else other for label, other in enumerate(weights)
            ]
        if 'avg_non_ignore' in loss:
            # mmseg's averages weighted losses over labelled pixels in this way only.
            loss.avg_non_ignore = False


def _landslide_classes(config: Config) -> tuple[int, ...]:
    evaluators = config.get('test_evaluator') or {}
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        if evaluator.get('type') == 'LandslideMetric':
            return class_positions('landslide_class', evaluator.get('landslide_class', 1))
    return (1,)


SCORES = ('IoU', 'precision', 'recall')


@style.context('default')  # not the user's matplotlibrc
def draw_learning_curve(table: pd.DataFrame, target: str | Path) -> None:
    """Draw one panel a score, one line a config, the spread over seeds as a band.

    Args:
        table: ``name``, ``fraction`` (percent), and for each of IoU, precision and recall its
            mean and ``<score>_spread``, all in percent; NaN spreads give no band.
        target: PNG to write.

    Source: Fig. 10, whose single runs have no band.
    """
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    panels = figure.subplots(1, len(SCORES), sharey=True)
    for panel, score in zip(panels, SCORES, strict=True):
        for name, rows in table.groupby('name', sort=False):
            curve = rows.sort_values('fraction')
            mean, spread = curve[score], curve[f'{score}_spread'].fillna(0)
            (line,) = panel.plot(curve.fraction, mean, marker='o', markersize=4, label=name)
            panel.fill_between(
                curve.fraction, mean - spread, mean + spread, color=line.get_color(), alpha=0.2
            )
        panel.set_title('landslide IoU' if score == 'IoU' else score)
        panel.set_xlabel('share of the training set, %')
        panel.grid(alpha=0.3)
    panels[0].set_ylabel('%')
    panels[0].legend(title='mean ± standard deviation over seeds', title_fontsize='small')
    figure.savefig(target, dpi=150)
