"""Options that commands share, and a parser whose complaints programs can read."""

from __future__ import annotations

import argparse
import errno
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dfpenet_mm.cli.refusals import write_error
from dfpenet_mm.errors import EXIT_CODE, ConfigError
from dfpenet_mm.run.messages import FOR_PEOPLE, FOR_PROGRAMS, OPTION, Events, Messages

JSON = '--json'
# Most metres of a pixel's side, as an image that says where it lies may have; and of a shift.
SHORTEST, LONGEST = 0.001, 10_000


def file_name(text: str) -> Path:
    """Read the name of a file or folder, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if no library could open or write a file of that name.
    """
    if not text:
        raise argparse.ArgumentTypeError('the name is empty; give one, or leave the option out')
    if not {'\n', '\r', '\t'}.isdisjoint(text):
        raise argparse.ArgumentTypeError(
            f'the name {text!r} holds a line break or a tab, with which GeoPackages cannot be '
            f'written; rename the file or folder'
        )
    try:
        text.encode()
        os.stat(text)
    except UnicodeEncodeError:
        shown = os.fsencode(text).decode(errors='replace')
        raise argparse.ArgumentTypeError(
            f'the name {shown} is not UTF-8; rename the file or folder'
        ) from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            mend = 'shorten it' if error.errno == errno.ENAMETOOLONG else 'it is a link to itself'
            raise argparse.ArgumentTypeError(f'{text}: {error.strerror}; {mend}') from None
    return Path(text)


def band_numbers(text: str) -> tuple[int, ...]:
    """Read bands counted from 1, such as ``3,2,1``, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if they are none.
    """
    numbers = [part.strip() for part in text.split(',')]
    if not all(part.isdecimal() and int(part) > 0 for part in numbers):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no list of bands; give their numbers, counted from 1, such as 3,2,1'
        )
    return tuple(map(int, numbers))


def nodata_value(text: str) -> float:
    """Read a value that is no data, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is no finite number.
    """
    value = _number(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no value to leave out; give a number, such as 0 or -9999 (NaN and '
            f'infinity are no data anyway)'
        )
    return value


def metres_above_zero(text: str) -> float:
    """Read the side of a pixel or a shift, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    value = _number(text)
    if not SHORTEST <= value <= LONGEST:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no length; give metres from {SHORTEST} to {LONGEST:,}, such as 20'
        )
    return value


def probability_above_zero(text: str) -> float:
    """Read a threshold, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no threshold; give a probability above 0 and up to 1, such as 0.4'
        )
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


class CommandParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose complaints are also JSON where a program asks for it.

    Arguments that are no options may stand anywhere between the options.
    """

    _as_json = False
    _messages = Messages()

    def parse(
        self, arguments: Sequence[str], messages: Messages | None = None
    ) -> argparse.Namespace:
        """Parse a command line; exits with code 2 on a fault.

        Args:
            arguments: behind the verb.
            messages: of the command, which get the fault.
        """
        self._as_json = JSON in arguments
        self._messages = messages or self._messages
        return self.parse_intermixed_args(_with_negatives(arguments))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit with code 2."""
        if self._as_json:
            write_error(message, EXIT_CODE)
        if isinstance(self._messages, Events):
            self._messages.end(message, EXIT_CODE)
            self.exit(EXIT_CODE)
        super().error(message)


def add_reporting(options: argparse._ActionsContainer, document: str) -> None:
    """Add ``--json``, ``--quiet`` and what all verbs have; the first has a help."""
    options.add_argument(JSON, action='store_true', help=document)
    quiet = 'say nothing but errors and warnings (and --json)'
    options.add_argument('--quiet', action='store_true', help=quiet)
    add_progress(options)


def add_progress(options: argparse._ActionsContainer) -> None:
    """Add ``--progress`` and ``--debug`` to a parser or a group."""
    options.add_argument(
        OPTION,
        choices=(FOR_PEOPLE, FOR_PROGRAMS),
        default=FOR_PEOPLE,
        help='on stderr: a bar where that is a terminal, or for other programs one JSON object a '
        'line, warnings, the result and errors among them. Default: bar',
    )
    options.add_argument('--debug', action='store_true', help='show the traceback of an error')


def _with_negatives(arguments: Sequence[str]) -> list[str]:
    """Tie numbers such as -3.4e38 or -1,2 to the option before, as argparse takes them for one."""
    tied: list[str] = []
    for argument in arguments:
        if argument.startswith('-') and tied and tied[-1].startswith('--') and _is_number(argument):
            tied[-1] += f'={argument}'
        else:
            tied.append(argument)
    return tied


def _is_number(text: str) -> bool:
    try:
        [float(part) for part in text.split(',')]
    except ValueError:
        return False
    return True


def named_layers(dem: Path | None, options: Sequence[str]) -> dict[str, Path]:
    """Read the auxiliary rasters of a command line.

    Args:
        dem: the elevation model, known to hooks as ``dem``; None without one.
        options: ``NAME=PATH`` each.

    Returns:
        Paths by name.

    Raises:
        ConfigError: if an option is malformed, or a name is given twice.
    """
    layers = {} if dem is None else {'dem': dem}
    for option in options:
        name, _, path = option.partition('=')
        if not (name.isidentifier() and path):
            raise ConfigError(
                f'--layer {option!r} is not NAME=PATH; give a name of letters, digits and _, as a '
                f'hook calls it, and the path of a raster'
            )
        if name in layers:
            raise ConfigError(
                f'the layer {name} was given as {layers[name]} and as {path}; give one of them'
            )
        try:
            layers[name] = file_name(path)
        except argparse.ArgumentTypeError as error:
            raise ConfigError(f'--layer {name}: {error}') from error
    return layers
