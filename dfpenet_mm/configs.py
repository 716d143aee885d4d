"""Configs of mmengine, which train networks, with the settings of a command line."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from dfpenet_mm.components import register_components
from dfpenet_mm.config_file import CHECKED_SECTIONS, SECTIONS
from dfpenet_mm.config_options import check_option_name, read_options, unfit
from dfpenet_mm.engine.safe_checkpoint import refuse_unsafe_checkpoints
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.installation import OwnPostproc
from dfpenet_mm.resources import shipped_file

# Settings that mmengine's Runner takes, as arguments or from the config by name: a config may
# leave out any of them, and the parts they build refuse arguments that they do not know.
RUNNER_SETTINGS = frozenset(inspect.signature(Runner).parameters) - {'cfg', 'launcher'} | {
    'activation_checkpointing',
    'compile',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'sync_bn',
}
READ = RUNNER_SETTINGS | SECTIONS | {'load_from_part', 'tta_model', 'tta_pipeline'}
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Steps that read labels: those before are of the image alone.
LABEL_STEPS = ('LoadAnnotations', 'LoadRasterMask')


def load_config(path: str | Path) -> Config:
    """Read a config; being Python, it runs. The project's own parts are registered before.

    Raises:
        InputFileError: if the file is missing.
        ConfigError: if it cannot be run.
    """
    if not Path(path).exists():
        raise InputFileError(f'config {path} does not exist; check its path')
    OwnPostproc.install()
    register_components()
    try:
        return Config.fromfile(path)
    except Exception as error:
        # A config may fail in any way that a Python program can.
        raise ConfigError(
            f'config {path} cannot be loaded ({type(error).__name__}: {error}); mend it there'
        ) from error


def load_config_with_options(path: Path, options: Sequence[str]) -> Config:
    """Load a config, override some of its settings and make it ready to run.

    From here on mmengine unpickles no code. A ``load_from`` that ships with the project is found
    from any folder, and ``num_workers=0`` is enough where a config keeps its workers alive.

    Args:
        path: the config.
        options: ``KEY=VALUE`` each; dots in a key go down into dicts and lists.

    Raises:
        InputFileError: if the config is missing.
        ConfigError: if it cannot be run, or an option is malformed or names no setting.
    """
    refuse_unsafe_checkpoints()
    config = load_config(path)
    changes = read_options(options, str(config.filename))
    for option in options:
        check_option_name(
            config,
            option.partition('=')[0],
            read=READ,
            judged=RUNNER_SETTINGS | CHECKED_SECTIONS,
        )
    try:
        config.merge_from_dict(changes)
    except (KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        raise unfit(options, str(config.filename), error) from error
    start = config.get('load_from')
    if start and '://' not in start:
        config.load_from = str(shipped_file(Path(start)))
    for name in LOADERS:
        _without_worker_settings(config.get(name))
    scaling = config.get('auto_scale_lr') or {}
    if scaling.get('enable') and not scaling.get('base_batch_size'):
        raise ConfigError(
            f'{path} scales its learning rate with the batch, but does not say for which batch '
            f'that rate is; set auto_scale_lr.base_batch_size to that number of images too'
        )
    return config


def _without_worker_settings(loader: MutableMapping[str, Any] | None) -> None:
    """Take from a dataloader without workers what only workers can do, which torch refuses."""
    if loader and not loader.get('num_workers', 0):
        loader['persistent_workers'] = False
        loader.pop('prefetch_factor', None)


def use_flips(config: Config) -> None:
    """Make the test run of a config average over the flips that ``tta_pipeline`` lists.

    Everything else is read as without flips: as the test data set reads it.

    Args:
        config: changed in place: its test data set and its model.

    Raises:
        ConfigError: if it has no ``tta_pipeline`` with flips, or no ``tta_model``.
    """
    missing = [name for name in ('tta_pipeline', 'tta_model') if name not in config]
    if missing:
        raise ConfigError(
            f'{config.filename or "the config"} has no {missing[0]}, which says over which flips '
            f'to average; add it, or test without flips'
        )
    wrappers = [step for step in config.tta_pipeline if _type_name(step) == 'TestTimeAug']
    if not wrappers:
        raise ConfigError(
            f'the tta_pipeline of {config.filename or "the config"} has no TestTimeAug, in which '
            f'flips are listed; add it, or test without flips'
        )
    flips = [
        choices
        for choices in wrappers[0]['transforms']
        if not any(_type_name(step).startswith(('Load', 'Pack')) for step in choices)
    ]
    steps = config.test_dataloader.dataset.pipeline
    names = [_type_name(step) for step in steps]
    # A prediction is turned back before it is compared with labels, which are never turned.
    first = next((place for place, name in enumerate(names) if name in LABEL_STEPS), -1)
    turned = {**wrappers[0], 'transforms': [*flips, *([step] for step in steps[first:])]}
    config.test_dataloader.dataset.pipeline = [*steps[:first], turned]
    config.tta_model.module = config.model
    config.model = config.tta_model


def _type_name(step: Mapping[str, Any]) -> str:
    return getattr(step['type'], '__name__', step['type'])
