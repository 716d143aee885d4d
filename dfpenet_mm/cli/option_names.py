"""Names of settings that a command line overrides: a misspelt one is refused, not ignored."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from dfpenet_mm.errors import ConfigError

# Settings that mmengine's Runner takes: a config may leave out any of them, and the parts they
# build refuse arguments that they do not know.
RUNNER_SETTINGS = frozenset(inspect.signature(Runner).parameters) - {'cfg'}
# Sections of ours whose reader refuses unknown settings and has defaults for some.
CHECKED_SECTIONS = frozenset({'mapping'})


def check_option_name(config: Config, name: str) -> None:
    """Raise unless an option names a setting that somebody reads.

    A name may add a setting to what is built from it, whose builder judges it: a component (a
    dict with a ``type``) and all inside one, a setting of mmengine's Runner, or a
    section that is checked when it is read. Anywhere else it must be there already.

    Args:
        config: the config as loaded.
        name: keys joined by dots; numbers are places in a list.

    Raises:
        ConfigError: naming what is close to it.
    """
    first, *rest = name.split('.')
    if first not in config:
        if first in RUNNER_SETTINGS:
            return
        kind = 'section' if rest else 'setting'
        found = f'{config.filename or "the config"} has no {first} {kind}'
        raise _unknown(name, found, first, [*config.keys(), *RUNNER_SETTINGS])
    judged = first in RUNNER_SETTINGS | CHECKED_SECTIONS
    place, value = first, config[first]
    for key in rest:
        judged = judged or (isinstance(value, Mapping) and 'type' in value)
        if not _has(value, key):
            if judged and isinstance(value, Mapping):
                return
            raise _unknown(name, f'{place} {_contents(value)}', key, _keys(value))
        value = value[int(key)] if _is_list(value) else value[key]
        place = f'{place}.{key}'


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _has(value: Any, key: str) -> bool:
    return key in _keys(value)


def _keys(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [key for key in value if isinstance(key, str)]
    return [str(index) for index in range(len(value))] if _is_list(value) else []


def _contents(value: Any) -> str:
    if isinstance(value, Mapping):
        return f'has the settings {", ".join(_keys(value))}'
    if _is_list(value):
        return f'is a list of {len(value)}, counted from 0'
    return f'is {value!r}, with no settings in it'


def _unknown(name: str, found: str, key: str, known: Iterable[str]) -> ConfigError:
    close = get_close_matches(key, sorted(set(known)))
    mend = f'did you mean {" or ".join(close)}?' if close else 'check the name of the setting'
    return ConfigError(f'option {name} names no setting: {found}; {mend}')
