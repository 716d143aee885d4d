"""Names of settings that a command line overrides: a misspelt one is refused, not ignored."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from dfpenet_mm.errors import ConfigError

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
NAMED = 6


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
    """Say which settings have got the value of a name that a config has used up."""
    parts = ((part, config[part]) for part in config if part in READ)
    places = [place for part, value in parts for place in _uses(part, value, name, config[name])]
    if not places:
        return 'set what shall be another in a config of your own'
    rest = f' and {len(places) - NAMED} more' if len(places) > NAMED else ''
    return f'set {", ".join(places[:NAMED])}{rest} instead'


def _uses(place: str, value: Any, name: str, wanted: Any) -> Iterator[str]:
    key = place.rpartition('.')[2]
    # A number may be the same by chance, a folder be the beginning of another.
    plain = isinstance(wanted, int | float | None)
    below = isinstance(wanted, str) and isinstance(value, str) and value.startswith(f'{wanted}/')
    if below or (value == wanted and (key == name or not plain)):
        yield place
        return
    for inner, content in _items(value):
        yield from _uses(f'{place}.{inner}', content, name, wanted)


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
