"""Settings given on a command line, ``KEY=VALUE``: read, merged and checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from dfpenet_mm.errors import ConfigError

# In a dict, drops what a base had in it.
DELETE = '_delete_'
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


class ConfigSections(Protocol):
    """A loaded config by its sections: ``RunConfig``, or mmengine's ``Config``."""

    @property
    def filename(self) -> Any:
        """File that it was loaded from; None without one."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object) -> bool: ...

    def __getitem__(self, name: str) -> Any: ...

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return a section, or a default where there is none."""

    def to_dict(self) -> dict[str, Any]:
        """Copy it into plain dicts and lists."""


def read_options(options: Sequence[str], name: str) -> dict[str, Any]:
    """Read options into nested dicts, as a config would have them.

    Args:
        options: ``KEY=VALUE`` each; dots in a key go down into dicts and lists. A value with
            commas is a list, in brackets a list or a tuple, nested as one likes.
        name: of the config, for messages.

    Raises:
        ConfigError: if one is malformed.
    """
    found: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition('=')
        if not equals:
            raise ConfigError(f'option {option!r} is not KEY=VALUE; give both, without spaces')
        if text.count('(') != text.count(')') or text.count('[') != text.count(']'):
            raise unfit(options, name, f'{option} has brackets that are not closed')
        *parents, last = key.split('.')
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise unfit(options, name, f'{parent} is given a value and settings')
        place[last] = _value(text)
    return found


def unfit(options: Sequence[str], name: str, reason: object) -> ConfigError:
    """Return the error of options that do not fit a config."""
    return ConfigError(
        f'options {list(options)} do not fit {name} ({reason}); check the names of the settings, '
        f'and the brackets of their values'
    )


def _value(text: str) -> Any:
    text = text.strip('\'"').replace(' ', '')
    for brackets, kind in (('()', tuple), ('[]', list)):
        if text[:1] == brackets[0] and text[-1:] == brackets[1]:
            return kind(map(_value, _split(text[1:-1])))
    return list(map(_value, _split(text))) if ',' in text else _plain(text)


def _split(text: str) -> Iterator[str]:
    """Split at the commas that are in no brackets; one behind the last value ends nothing."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += (sign in '([') - (sign in ')]')
        if sign == ',' and not depth:
            yield text[start:place]
            start = place + 1
    if text[start:]:
        yield text[start:]


def _plain(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {'true': True, 'false': False}.get(text.lower(), None if text == 'None' else text)


def merged(changes: Mapping[str, Any], base: Any, *, in_lists: bool = False) -> Any:
    """Merge changes into a base key by key, as configs inherit; neither is changed.

    Args:
        changes: a dict in it changes a dict of the base, or takes its place with ``_delete_``.
        base: a dict, or a list if ``in_lists``.
        in_lists: keys that are numbers are places in a list of the base.

    Raises:
        KeyError: if a list has no such place.
        TypeError: if a dict is to change what is no dict.
    """
    result = base.copy()
    for key, value in changes.items():
        place: Any = int(key) if in_lists and isinstance(base, list) and key.isdigit() else key
        if isinstance(place, int) and place >= len(base):
            raise KeyError(f'{key} is no place in a list of {len(base)}')
        there = isinstance(place, int) or place in base
        if isinstance(value, Mapping):
            inner = {name: part for name, part in value.items() if name != DELETE}
            if there and not value.get(DELETE):
                if not isinstance(base[place], dict | list if in_lists else dict):
                    raise TypeError(f'{key} is {base[place]!r}, with no settings in it')
                inner = merged(inner, base[place], in_lists=in_lists)
            result[place] = inner
        else:
            result[place] = value
    return result


def check_option_name(
    config: ConfigSections, name: str, *, read: Collection[str], judged: Collection[str]
) -> None:
    """Raise unless an option names a setting that somebody reads.

    A name may add a setting to what is built from it, whose builder judges it: a component (a
    dict with a ``type``) and all inside one, or a section that is checked when it is read.
    Anywhere else it must be there already. Names that a config only uses while it is
    loaded, such as ``data_root``, change nothing any more.

    Args:
        config: the config as loaded.
        name: keys joined by dots; numbers are places in a list.
        read: sections that somebody reads.
        judged: of those, the ones that are checked when they are read.

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
        if first in read:
            return
        kind = 'section' if rest else 'setting'
        found = f'{config.filename or "the config"} has no {first} {kind}'
        raise _unknown(name, found, first, read)
    if first not in read:
        raise _without_effect(name, _instead(config, first, read))
    checked = first in judged
    place, value = first, config[first]
    for key in rest:
        checked = checked or (isinstance(value, Mapping) and 'type' in value)
        if key not in _keys(value):
            if checked and isinstance(value, Mapping):
                return
            raise _unknown(name, f'{place} {_contents(value)}', key, _keys(value))
        value = dict(_items(value))[key]
        place = f'{place}.{key}'


def _without_effect(name: str, mend: str) -> ConfigError:
    return ConfigError(
        f'option {name} would change nothing: nobody reads {name.partition(".")[0]} once the '
        f'config is loaded; {mend}'
    )


def _instead(config: ConfigSections, name: str, read: Collection[str]) -> str:
    """Say which settings have got the value of a name that a config has used up, or its name."""
    wanted = config[name]
    # A number may be the same by chance, a folder be the beginning of another.
    plain = isinstance(wanted, int | float | None)

    def holds(key: str, value: Any) -> bool:
        below = (
            isinstance(wanted, str) and isinstance(value, str) and value.startswith(f'{wanted}/')
        )
        return below or (value == wanted and (key == name or not plain))

    parts = [(part, config[part]) for part in config if part in read]
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


def _unknown(name: str, found: str, key: str, known: Collection[str]) -> ConfigError:
    close = get_close_matches(key, sorted(set(known)))
    mend = f'did you mean {" or ".join(close)}?' if close else 'check the name of the setting'
    return ConfigError(f'option {name} names no setting: {found}; {mend}')
