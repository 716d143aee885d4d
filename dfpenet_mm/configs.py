"""Configs and the settings given on the command line, merged and checked."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from dfpenet_mm.components import register_components
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
# Sections of ours whose reader refuses unknown settings and has defaults for some.
CHECKED_SECTIONS = frozenset({'mapping'})
READ = (
    RUNNER_SETTINGS | CHECKED_SECTIONS | {'load_from_part', 'postproc', 'tta_model', 'tta_pipeline'}
)
# Names that come too late on a command line, and what to do instead.
TOO_LATE = {
    'custom_imports': 'list the modules in the custom_imports of a config of your own',
    'launcher': 'give --launcher instead',
}
# Sections of which mmengine takes what it knows, without a word on the rest.
KNOWN = {
    'auto_scale_lr': ('enable', 'base_batch_size'),
    'env_cfg': ('cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'),
    'env_cfg.mp_cfg': ('mp_start_method', 'opencv_num_threads'),
}
NAMED = 6
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


def check_option_name(config: Config, name: str) -> None:
    """Raise unless an option names a setting that somebody reads.

    A name may add a setting to what is built from it, whose builder judges it: a component (a
    dict with a ``type``) and all inside one, a setting of mmengine's Runner, or a
    section that is checked when it is read. Anywhere else it must be there already. Names that
    a config only uses while it is loaded, such as ``data_root``, change nothing any more.

    Args:
        config: the config as loaded.
        name: keys joined by dots; numbers are places in a list.

    Raises:
        ConfigError: naming what is close to it, or what to set instead.
    """
    first, *rest = name.split('.')
    if first in TOO_LATE:
        raise _without_effect(name, TOO_LATE[first])
    place = first
    for key in rest:
        known = KNOWN.get(place, (key,))
        if key not in known:
            raise _unknown(name, f'{place} takes {", ".join(known)}', key, known)
        place = f'{place}.{key}'
    if first not in config:
        if first in READ:
            return
        kind = 'section' if rest else 'setting'
        found = f'{config.filename or "the config"} has no {first} {kind}'
        raise _unknown(name, found, first, READ)
    if first not in READ:
        raise _without_effect(name, _instead(config, first))
    judged = first in RUNNER_SETTINGS | CHECKED_SECTIONS
    place, value = first, config[first]
    for key in rest:
        judged = judged or (isinstance(value, Mapping) and 'type' in value)
        if key not in _keys(value):
            if judged and isinstance(value, Mapping):
                return
            raise _unknown(name, f'{place} {_contents(value)}', key, _keys(value))
        value = dict(_items(value))[key]
        place = f'{place}.{key}'


def _without_effect(name: str, mend: str) -> ConfigError:
    return ConfigError(
        f'option {name} would change nothing: nobody reads {name.partition(".")[0]} once the '
        f'config is loaded; {mend}'
    )


def _instead(config: Config, name: str) -> str:
    """Say which settings have got the value of a name that a config has used up, or its name."""
    wanted = config[name]
    # A number may be the same by chance, a folder be the beginning of another.
    plain = isinstance(wanted, int | float | None)

    def holds(key: str, value: Any) -> bool:
        below = (
            isinstance(wanted, str) and isinstance(value, str) and value.startswith(f'{wanted}/')
        )
        return below or (value == wanted and (key == name or not plain))

    parts = [(part, config[part]) for part in config if part in READ]
    for fits in (holds, lambda key, _: key == name):
        places = [place for part, value in parts for place in _places(part, value, fits)]
        if places:
            rest = f' and {len(places) - NAMED} more' if len(places) > NAMED else ''
            return f'set {", ".join(places[:NAMED])}{rest} instead'
    return 'set what shall be another in a config of your own'


def _places(place: str, value: Any, fits: Callable[[str, Any], bool]) -> Iterator[str]:
    if fits(place.rpartition('.')[2], value):
        yield place
        return
    for inner, content in _items(value):
        yield from _places(f'{place}.{inner}', content, fits)


def _items(value: Any) -> list[tuple[str, Any]]:
    """List what is in a dict or a list, keys and places as a command line writes them."""
    if isinstance(value, Mapping):
        return [(str(key), content) for key, content in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [(str(index), content) for index, content in enumerate(value)]
    return []


def _keys(value: Any) -> list[str]:
    return [key for key, _ in _items(value)]


def _contents(value: Any) -> str:
    if isinstance(value, Mapping):
        return f'has the settings {", ".join(_keys(value))}' if value else 'has no settings'
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f'is a list of {len(value)}, counted from 0'
    return f'is {value!r}, with no settings in it'


def _unknown(name: str, found: str, key: str, known: Iterable[str]) -> ConfigError:
    close = get_close_matches(key, sorted(set(known)))
    mend = f'did you mean {" or ".join(close)}?' if close else 'check the name of the setting'
    return ConfigError(f'option {name} names no setting: {found}; {mend}')


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
    for option in options:
        if '=' not in option:
            raise ConfigError(f'option {option!r} is not KEY=VALUE; give both, without spaces')
        check_option_name(config, option.partition('=')[0])
    if options:
        _merge(config, options)
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


def _merge(config: Config, options: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('--options', nargs='+', action=DictAction)
    try:
        config.merge_from_dict(parser.parse_args(['--options', *options]).options)
    except (KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        raise ConfigError(
            f'options {list(options)} do not fit {config.filename} ({error}); check the names of '
            f'the settings, and the brackets of their values'
        ) from error


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
