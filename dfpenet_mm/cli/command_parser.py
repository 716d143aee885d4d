"""Options: a parser that tells programs, too, what is wrong with them, and names of files."""

from __future__ import annotations

import argparse
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dfpenet_mm.cli.errors import write_error
from dfpenet_mm.errors import EXIT_CODE

JSON = '--json'


def file_name(text: str) -> Path:
    """Read the name of a file or folder, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if no library could open or write a file of that name.
    """
    if not text:
        raise argparse.ArgumentTypeError('the name is empty; give one, or leave the option out')
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


class CommandParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose complaints are also JSON where ``--json`` is given.

    Arguments that are no options may stand anywhere between the options.
    """

    _as_json = False

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; exits with code 2 on a fault."""
        self._as_json = JSON in arguments
        return self.parse_intermixed_args(_with_negatives(arguments))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit with code 2."""
        if self._as_json:
            write_error(message, EXIT_CODE)
        super().error(message)


def _with_negatives(arguments: Sequence[str]) -> list[str]:
    """Tie numbers such as -3.4e38 to the option before them, which argparse takes for options."""
    tied: list[str] = []
    for argument in arguments:
        if argument.startswith('-') and tied and tied[-1].startswith('--') and _is_number(argument):
            tied[-1] += f'={argument}'
        else:
            tied.append(argument)
    return tied


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
