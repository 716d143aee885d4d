"""Predictions of networks beside the ground truth, for samples of a config's test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

from dfpenet_mm.engine.prediction_pictures_hook import rgb_picture, spread, swaps_channels
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.report.figures.sample_sheet import ClassLegend, SampleRow, draw_samples


def draw_segmentation(
    config: Config,
    checkpoints: Sequence[Path],
    target: Path,
    *,
    count: int = 4,
    indices: Sequence[int] | None = None,
    bands: Sequence[int] = (0, 1, 2),
    device: str = 'cpu',
) -> Path:
    """Predict samples with every checkpoint and draw them beside their ground truth.

    Args:
        config: of a network and a ``test_dataloader``.
        checkpoints: weights that fit the network; one is held in memory at a time.
        target: PNG to write.
        count: number of samples, spread evenly over the test set.
        indices: numbers of the samples instead, from 0.
        bands: positions of the bands shown as red, green and blue, from 0.
        device: where the networks run.

    Returns:
        ``target``.

    Raises:
        InputFileError: if a checkpoint or an image is missing.
        ConfigError: if the data set is empty or too short, or a part cannot be built.
        CheckpointError: if weights do not fit.
    """
    dataset = build_test_set(config)
    chosen = choose(len(dataset), count, indices)
    samples = [dataset[index] for index in chosen]
    predictions, swapped = [], False
    for checkpoint in checkpoints:
        network = load_model(config, checkpoint, device)
        predictions.append([predict(network, sample) for sample in samples])
        swapped = swaps_channels(network)
    rows = [
        SampleRow(
            name=f'{index}: {_name(sample)}',
            picture=_picture(sample, bands, swapped=swapped),
            truth=_truth(sample),
            predictions=[of_network[number] for of_network in predictions],
        )
        for number, (index, sample) in enumerate(zip(chosen, samples, strict=True))
    ]
    info = dataset.metainfo
    legend = ClassLegend(info['classes'], np.array(info['palette'], np.uint8))
    return draw_samples(rows, [path.stem for path in checkpoints], legend, target)


def build_test_set(config: Config) -> BaseDataset:
    """Build the data set of a config's ``test_dataloader``.

    Raises:
        ConfigError: if it cannot be built or is empty.
    """
    try:
        with DefaultScope.overwrite_default_scope('mmseg'):
            dataset = DATASETS.build(config.test_dataloader.dataset)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f'the test set of {config.filename} cannot be built ({type(error).__name__}: '
            f'{error}); mend its test_dataloader.dataset'
        ) from error
    if not len(dataset):
        raise ConfigError(f'the test set of {config.filename} is empty; check its data_root')
    return dataset


def choose(length: int, count: int, indices: Sequence[int] | None) -> list[int]:
    """Return the numbers of the samples to draw.

    Raises:
        ConfigError: if a number is beyond the data set, or none is asked for.
    """
    if indices is None:
        if count < 1:
            raise ConfigError(f'{count} samples were asked for; give at least one')
        return spread(min(count, length), length)
    beyond = [index for index in indices if not 0 <= index < length]
    if beyond:
        raise ConfigError(
            f'the test set has {length} samples, so that there is no number {beyond[0]}; '
            f'give numbers from 0 to {length - 1}'
        )
    return list(indices)


@torch.no_grad()
def predict(network: BaseModel, sample: dict[str, Any]) -> np.ndarray:
    """Return the classes that a network sees, uint8, shape (rows, cols)."""
    batch = {'inputs': [sample['inputs']], 'data_samples': [sample['data_samples']]}
    (result,) = network.test_step(batch)
    return result.pred_sem_seg.data[0].cpu().numpy().astype(np.uint8)


def _picture(sample: dict[str, Any], bands: Sequence[int], *, swapped: bool) -> np.ndarray:
    chip = sample['inputs'].numpy()
    # A network that turns BGR to RGB is given BGR.
    return rgb_picture(chip[::-1] if swapped else chip, bands)


def _truth(sample: dict[str, Any]) -> np.ndarray | None:
    truth = sample['data_samples'].get('gt_sem_seg')
    return None if truth is None else truth.data[0].numpy().astype(np.uint8)


def _name(sample: dict[str, Any]) -> str:
    return Path(sample['data_samples'].metainfo.get('img_path', '')).stem
