"""Look at every file of a config's data sets before the first iteration."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

from dfpenet_mm.datasets.data_report import CheckedSplit, DataReport, data_warnings, require_labels
from dfpenet_mm.datasets.file_check import FileFinding, SampleFiles, check_files
from dfpenet_mm.datasets.landslide import NAMED
from dfpenet_mm.datasets.model_match import (
    files_of,
    leaves,
    model_faults,
    reading_of,
    value_warnings,
)
from dfpenet_mm.errors import ConfigError, DfpenetError, InputFileError
from dfpenet_mm.wording import counted

TRAIN = 'train'
SPLITS = (TRAIN, 'val', 'test')
THREADS = 4
# What mmengine's serialisation says of an empty list of samples.
NO_SAMPLES = 'need at least one array to concatenate'


def check_data(config: Config) -> DataReport:
    """Read all images and masks of the train, val and test data sets of a config.

    Every distinct file is read once, as stored: nothing is augmented. A data set that reads
    windows of tiles is counted by whole tiles.

    Args:
        config: with ``train_dataloader`` and the like; ``model`` is compared if it is there.

    Returns:
        Pixels by class and what is worth a warning.

    Raises:
        DfpenetError: one sentence on all that training or testing would fail on: images and masks
            that are missing, cannot be read or differ in size, values without a class, bands
            or classes that are not the model's, images that EXIF turns and masks that it does
            not, data sets without samples, a training set without a scored pixel or without one
            of two classes.
    """
    findings: dict[SampleFiles, FileFinding] = {}
    checked: list[CheckedSplit] = []
    datasets: list[Any] = []
    config_faults: list[str] = []
    causes: list[DfpenetError] = []
    for name, cfg in _dataset_configs(config):
        try:
            dataset = _build(name, cfg)
        except DfpenetError as error:
            causes.append(error)
            continue
        datasets.append(dataset)
        parts = list(leaves(dataset))
        readings = [reading_of(part) for part in parts]
        for part, reading in zip(parts, readings, strict=True):
            config_faults += model_faults(config, reading, part.metainfo['classes'])
        files = chain.from_iterable(map(files_of, parts, readings))
        checked.append(_check_split(name, dataset, parts, dict.fromkeys(files), findings))
    _raise_for(causes, config_faults, [fault for split in checked for fault in split.faults])
    for split in checked:
        if split.name == TRAIN:
            require_labels(split)
    found = [*data_warnings(checked)]
    for split, dataset in zip(checked, datasets, strict=True):
        found += value_warnings(config, split, dataset)
    return DataReport(tuple(checked), tuple(found))


def _dataset_configs(config: Config) -> list[tuple[str, Any]]:
    """Return the data sets of a config by split; a test set that is the val set only once."""
    found: list[tuple[str, Any]] = []
    for name in SPLITS:
        loader = config.get(f'{name}_dataloader')
        if loader and all(loader['dataset'] != cfg for _, cfg in found):
            found.append((name, loader['dataset']))
    if not found:
        raise ConfigError(
            f'{config.filename or "the config"} has no data set to check; give one with a '
            f'train_dataloader, val_dataloader or test_dataloader'
        )
    return found


def _build(name: str, cfg: Any) -> Any:
    try:
        with DefaultScope.overwrite_default_scope('mmseg'):
            dataset = DATASETS.build(cfg)
            dataset.full_init()
    except DfpenetError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
        if NO_SAMPLES in str(error):
            raise _empty(name) from error
        raise ConfigError(
            f'the {name} data set cannot be built ({type(error).__name__}: {error}); mend its '
            f'settings in the config, or the files they name'
        ) from error
    if not len(dataset):
        raise _empty(name)
    return dataset


def _empty(name: str) -> InputFileError:
    return InputFileError(
        f'the {name} data set has no sample; set data_root and its list of samples in the config '
        f'to where they are'
    )


def _check_split(
    name: str,
    dataset: Any,
    parts: list[Any],
    files: Iterable[SampleFiles],
    known: dict[SampleFiles, FileFinding],
) -> CheckedSplit:
    fresh = [item for item in files if item not in known]
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)
        known.update(zip(fresh, pool.map(check_files, fresh), strict=True))
    unused = chain.from_iterable(
        part.unused_masks() for part in parts if hasattr(part, 'unused_masks')
    )
    return CheckedSplit(
        name=name,
        samples=len(dataset),
        classes=tuple(dataset.metainfo['classes']),
        findings={item: known[item] for item in files},
        unused_masks=tuple(unused),
    )


def _raise_for(
    causes: list[DfpenetError], config_faults: list[str], file_faults: list[str]
) -> None:
    """Tell all faults in one sentence, the first ``NAMED`` by name."""
    faults = list(dict.fromkeys([*config_faults, *file_faults]))
    if not faults and not causes:
        return
    if not faults and len(causes) == 1:
        raise causes[0]
    listed = [*map(str, causes), *faults]
    rest = f'; and {len(listed) - NAMED} more' if len(listed) > NAMED else ''
    kind = ConfigError if config_faults else InputFileError
    raise kind(
        f'the data sets have {counted(len(listed), "fault")}: {"; ".join(listed[:NAMED])}{rest}'
        + ('; mend these settings of the config' if config_faults else '')
        + ('; replace these files or take them out of the data set' if file_faults else '')
    )
