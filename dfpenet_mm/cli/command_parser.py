"""A parser of options that tells programs, too, what is wrong with them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from dfpenet_mm.cli.errors import write_error
from dfpenet_mm.errors import EXIT_CODE

JSON = '--json'


class CommandParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose complaints are also JSON where ``--json`` is given.

    Arguments that are no options may stand anywhere between the options.
    """

    _as_json = False

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; exits with code 2 on a fault."""
        self._as_json = JSON in arguments
        return self.parse_intermixed_args(arguments)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit with code 2."""
        if self._as_json:
            write_error(message, EXIT_CODE)
        super().error(message)
