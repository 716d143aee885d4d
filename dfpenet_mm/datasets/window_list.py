"""Lists of windows of big tiles: which part of which tile is a sample.

A text file of one window a line, ``tile row col height width``, all in pixels from the upper
left corner of the tile. Two more numbers, ``seen_rows seen_cols``, count the leading rows and
columns that an earlier window of the list holds already. Lines that start with # are comments.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dfpenet_mm.errors import InputFileError

COMMENT = '#'
FIELDS = 'tile row col height width [seen_rows seen_cols]'


class TileWindow(NamedTuple):
    """A window of a tile, pixels.

    Args:
        tile: name of the tile's files, without folder and suffix.
        row: first row.
        col: first column.
        height: rows.
        width: columns.
        seen_rows: leading rows that an earlier window of the list holds.
        seen_cols: leading columns that an earlier window of the list holds.
    """

    tile: str
    row: int
    col: int
    height: int
    width: int
    seen_rows: int = 0
    seen_cols: int = 0


def read_window_list(path: Path) -> list[TileWindow]:
    """Read a list of windows.

    Raises:
        InputFileError: if the file is missing, empty, or holds a line that is no window.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(
            f'{path} cannot be read as a list of windows ({error}); prepare the data set with '
            f'its converter in tools/dataset_converters, or set ann_file in the config'
        ) from error
    lines = enumerate(text.splitlines(), start=1)
    kept = [(number, line) for number, line in lines if line.strip() and line[0] != COMMENT]
    if not kept:
        raise InputFileError(
            f'{path} lists no window; prepare the data set again, or name another split'
        )
    return [_parse(path, number, line) for number, line in kept]


def write_window_list(path: Path, windows: Iterable[TileWindow], *, comment: str) -> None:
    """Write a list of windows, with one line of comment on top."""
    lines = [f'{COMMENT} {comment}', f'{COMMENT} {FIELDS}']
    for window in windows:
        fields = window if window.seen_rows or window.seen_cols else window[:5]
        lines.append(' '.join(map(str, fields)))
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')


def _parse(path: Path, number: int, line: str) -> TileWindow:
    tile, *texts = line.split()
    # isdecimal: no signs, no fractions.
    numbers = [int(text) for text in texts if text.isdecimal() and text.isascii()]
    if len(numbers) == len(texts) and len(numbers) in (4, 6):
        window = TileWindow(tile, *numbers)
        if window.height > window.seen_rows and window.width > window.seen_cols:
            return window
    raise InputFileError(
        f'{path}, line {number} is {line[:60]!r}, wanted is {FIELDS!r} in whole pixels; '
        f'mend the line, or prepare the data set again'
    )
