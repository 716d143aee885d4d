"""Which files of a folder are chips, and which mask belongs to which image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dfpenet_mm.errors import ConfigError, InputFileError

# How many files an error names; the rest is counted.
NAMED = 10


def list_named(items: Iterable[object]) -> str:
    """Name up to ``NAMED`` items and count the others."""
    items = list(items)
    rest = f' and {len(items) - NAMED} more' if len(items) > NAMED else ''
    return ', '.join(map(str, items[:NAMED])) + rest


def find_chips(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Find the files of a folder and of those below it that end in one of some suffixes.

    Args:
        folder: where to look; hidden files are left out.
        suffixes: what names end in, such as ``.tif`` or ``_sat.jpg``; capitals count the same.

    Returns:
        Path by name, sorted. A name is the path below ``folder`` without the suffix, with ``/``.

    Raises:
        InputFileError: if two files have one name.
    """
    # The longest suffix counts: _mask.png comes before .png.
    ordered = sorted(suffixes, key=len, reverse=True)
    chips: dict[str, Path] = {}
    for path in sorted(folder.rglob('*')):
        name = path.relative_to(folder).as_posix()
        suffix = next((end for end in ordered if name.lower().endswith(end.lower())), None)
        if suffix is None or path.name.startswith('.') or not path.is_file():
            continue
        name = name[: len(name) - len(suffix)]
        if name in chips:
            raise InputFileError(
                f'{folder} holds both {chips[name].name} and {path.name}; take one away, or name '
                f'the suffix of the images in img_suffix and of the masks in seg_map_suffix'
            )
        chips[name] = path
    return chips


def read_split(path: Path, known: Iterable[str], suffixes: Sequence[str]) -> list[str]:
    """Read the names of the chips that a list file chooses.

    Args:
        path: text file, one name a line, with or without suffix; blank lines and those that
            begin with ``#`` are skipped.
        known: the names that there are.
        suffixes: of the images.

    Returns:
        The names, in the order of the file.

    Raises:
        InputFileError: if the file cannot be read, is empty, names a chip twice or one that is
            not there.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(
            f'the split {path} cannot be read ({error}); give a text file with one chip a line'
        ) from error
    known = set(known)
    names = [_strip(line, known, suffixes) for line in lines if line and line[0] != '#']
    lost = [name for name in names if name not in known]
    if lost:
        raise InputFileError(
            f'the split {path} names {len(lost)} chip(s) that are not there: {list_named(lost)}; '
            f'correct the list, or data_root and img_suffix in the config'
        )
    twice = sorted({name for name in names if names.count(name) > 1}) if _repeats(names) else []
    if twice or not names:
        fault = f'names {list_named(twice)} more than once' if twice else 'names no chip'
        raise InputFileError(f'the split {path} {fault}; list every chip once')
    return names


def require_fraction(fraction: float) -> None:
    """Raise unless a fraction is in (0, 1].

    Raises:
        ConfigError: naming it.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction <= 1:
        raise ConfigError(f'fraction is {fraction!r}; give a number above 0 and up to 1')


def _repeats(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)


def _strip(line: str, known: set[str], suffixes: Sequence[str]) -> str:
    if line in known:
        return line
    ends = (end for end in suffixes if line.lower().endswith(end.lower()))
    return next((line[: -len(end)] for end in ends if line[: -len(end)] in known), line)
