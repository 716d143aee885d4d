"""Agreement of a data set and the network of a config on bands, classes and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from torch import Tensor

from dfpenet_mm.datasets.data_report import CheckedSplit
from dfpenet_mm.datasets.file_check import Reading, SampleFiles
from dfpenet_mm.datasets.loading import LoadRasterImage, LoadRasterMask
from dfpenet_mm.errors import ConfigError, DfpenetError
from dfpenet_mm.vocabulary import IGNORED
from dfpenet_mm.wording import counted

# Backbones whose in_channels adapts weights of three bands.
TAKING_ANY_BANDS = ('AnyBandBackbone', 'ResNetStemFeatures')
# Attributes by which transforms hold others: Compose, wrappers, TestTimeAug.
NESTED = ('transforms', 'subroutines')


def leaves(dataset: Any) -> Iterator[Any]:
    """Yield the data sets in ConcatDataset, RepeatDataset and their like."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from leaves(part)
    elif hasattr(dataset, 'dataset'):
        yield from leaves(dataset.dataset)
    else:
        yield dataset


def reading_of(leaf: Any) -> Reading:
    """Find out from its loading transforms how a data set reads."""
    transforms = list(_flatten(leaf.pipeline))
    images = [item for item in transforms if isinstance(item, LoadRasterImage)]
    masks = [item for item in transforms if isinstance(item, LoadRasterMask)]
    value_map = masks[0].value_map if masks else _plain_map(leaf)
    bands = images[0].bands if images else None
    return Reading(bands, tuple(sorted(value_map.items())), grey_masks=bool(masks))


def files_of(leaf: Any, reading: Reading) -> list[SampleFiles]:
    """List the distinct files of a data set, with the reach of the windows in them."""
    reaches: dict[tuple[str, str | None], tuple[int, int]] = {}
    for index in range(len(leaf)):
        info = leaf.get_data_info(index)
        key = info['img_path'], info.get('seg_map_path')
        row, col, height, width = info.get('window', (0, 0, 0, 0))
        rows, cols = reaches.get(key, (0, 0))
        reaches[key] = max(rows, row + height), max(cols, col + width)
    return [SampleFiles(*paths, reading, reach) for paths, reach in reaches.items()]


def _flatten(transform: Any) -> Iterator[Any]:
    yield transform
    for name in NESTED:
        for part in getattr(transform, name, None) or ():
            yield from _flatten(part)


def _plain_map(leaf: Any) -> dict[int, int]:
    """Return what mmseg's ``LoadAnnotations`` makes of the values of a mask."""
    classes = len(leaf.metainfo['classes'])
    if leaf.reduce_zero_label:
        values = {0: IGNORED, **{label + 1: label for label in range(classes)}}
    else:
        values = leaf.label_map or {label: label for label in range(classes)}
    return {**values, IGNORED: IGNORED}


# How many samples, and about how many pixels of each, tell the range of a data set's values.
LOOKED_AT = 16
PIXELS = 2**16
# Standard deviations: farther off, or more or less spread, values are not those of a mean and std.
FARTHEST, WIDEST, NARROWEST = 5.0, 5.0, 0.05


def model_faults(config: Config, reading: Reading, classes: Sequence[str]) -> Iterator[str]:
    """Find what does not fit between the network and how its data are read.

    Args:
        config: with a ``model``; without one nothing is compared.
        reading: how the data set reads.
        classes: names of its classes.

    Yields:
        Clauses that name the settings.
    """
    model = _network(config.get('model'))
    yield from _band_faults(config, model, reading.band_count)
    known = {*range(len(classes)), IGNORED}
    strange = {value: label for value, label in reading.value_map if label not in known}
    if strange:
        yield (
            f'value_map gives the classes {sorted(set(strange.values()))} and the data set has '
            f'{len(classes)}, from 0'
        )
    for head in _heads(model):
        number = head.get('num_classes')
        if number is not None and number != len(classes):
            yield f'{head.get("type")} has num_classes {number} and the data set {len(classes)}'
        for loss in _several(head.get('loss_decode')):
            weights = loss.get('class_weight')
            if isinstance(weights, Sequence) and len(weights) not in (0, len(classes)):
                yield (
                    f'class_weight of {loss.get("type")} has {len(weights)} numbers and the data '
                    f'set {len(classes)} classes'
                )


def value_warnings(config: Config, split: CheckedSplit, dataset: Any) -> Iterator[str]:
    """Compare the values that reach the network with its data preprocessor's mean and std.

    A few samples are made as in training, so that what a pipeline does to values is in them.

    Args:
        config: of the network; nothing is compared without a mean and std.
        split: what its files hold.
        dataset: the data set.

    Yields:
        A sentence, if values of another kind come: 16 bit for 8, or reflectances for either.

    Raises:
        ConfigError: if a sample cannot be made.
    """
    preprocessor = _preprocessor(config, _network(config.get('model')))
    mean, std = (np.array(preprocessor.get(key) or (), float) for key in ('mean', 'std'))
    # Mean 0 and std 1 are those of a network that normalises by itself.
    if not mean.size or not std.size or (not mean.any() and (std == 1).all()):
        return
    values = _values(split.name, dataset)
    if not values.size or len(mean) not in (1, len(values)):
        return
    if preprocessor.get('bgr_to_rgb') or preprocessor.get('rgb_to_bgr'):
        values = values[::-1]
    mean, std = (np.broadcast_to(numbers, len(values)) for numbers in (mean, std))
    offset, spread = (values.mean(axis=1) - mean) / std, values.std(axis=1) / std
    strange = (abs(offset) > FARTHEST) | (spread > WIDEST) | (spread < NARROWEST)
    if strange.any():
        band = int(strange.argmax())
        low, high = mean[band] - 3 * std[band], mean[band] + 3 * std[band]
        yield (
            f'images of {split.name} hold values from {split.reach[0]:g} to {split.reach[1]:g}, '
            f'of which {values[band].min():g} to {values[band].max():g} reach the network in band '
            f'{band + 1}, and the mean of {mean[band]:g} and std of {std[band]:g} that they are '
            f'normalised by are those of {low:.3g} to {high:.3g}; write images in the units that '
            f'the network knows, as tools/dataset_converters/chips.py --scaling-of does, or set '
            f'mean and std of the data preprocessor to theirs'
        )


def _values(name: str, dataset: Any) -> np.ndarray:
    """Draw labelled pixels of some samples, shape (bands, pixels); none if there are no chips."""
    drawn = []
    for index in np.linspace(0, len(dataset) - 1, min(len(dataset), LOOKED_AT)).astype(int):
        try:
            sample = dataset[int(index)]
        except DfpenetError:
            raise
        except Exception as error:
            # A transform may fail in any way that a Python program can.
            raise ConfigError(
                f'sample {index} of the {name} data set cannot be made ({type(error).__name__}: '
                f'{error}); mend the transforms of its pipeline'
            ) from error
        chip = sample.get('inputs') if isinstance(sample, Mapping) else None
        if not isinstance(chip, Tensor):
            continue
        pixels = chip.numpy().reshape(len(chip), -1)
        label = getattr(sample.get('data_samples'), 'gt_sem_seg', None)
        if label is not None and label.data.numel() == pixels.shape[1]:
            pixels = pixels[:, label.data.numpy().ravel() != IGNORED]
        drawn.append(pixels[:, :: max(1, pixels.shape[1] // PIXELS)].astype(float))
    return np.concatenate(drawn, axis=1) if drawn else np.empty((0, 0))


def _preprocessor(config: Config, model: Mapping[str, Any]) -> Mapping[str, Any]:
    # mmengine's Runner prefers the preprocessor at the top of a config.
    return config.get('data_preprocessor') or model.get('data_preprocessor') or {}


def _band_faults(config: Config, model: Mapping[str, Any], bands: int) -> Iterator[str]:
    preprocessor = _preprocessor(config, model)
    for name in ('mean', 'std'):
        values = preprocessor.get(name)
        if values is not None and len(values) not in (1, bands):
            yield (
                f'{name} of the data preprocessor has {len(values)} numbers and LoadRasterImage '
                f'reads {counted(bands, "band")}'
            )
    backbone = model.get('backbone')
    if backbone:
        wanted, name = backbone.get('in_channels', 3), backbone.get('type')
        if wanted != bands:
            # With in_channels alone others would lose the weights of three bands.
            mend = (
                f'set its in_channels to {bands}'
                if name in TAKING_ANY_BANDS
                else f"wrap it: type='AnyBandBackbone', network={name!r}, in_channels={bands}"
            )
            yield (
                f'the backbone {name} takes {counted(wanted, "band")} and LoadRasterImage reads '
                f'{bands}: {mend}'
            )


def _network(model: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the network's own config, from inside of a wrapper such as SegTTAModel."""
    while model and isinstance(model.get('module'), Mapping):
        model = model['module']
    return model or {}


def _heads(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ('decode_head', 'auxiliary_head'):
        yield from _several(model.get(name))


def _several(cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> Sequence:
    return [cfg] if isinstance(cfg, Mapping) else cfg or ()
