"""How every command ends when the user can mend what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dfpenet_mm.errors import EXIT_CODE, DfpenetError

INTERRUPTED = 130


@contextmanager
def exit_on_user_error(*, debug: bool) -> Iterator[None]:
    """Print a ``DfpenetError`` as one sentence on stderr and exit with code 2.

    Ctrl-C ends with code 130, as shells expect.

    Args:
        debug: let the error through with its traceback instead.
    """
    try:
        yield
    except DfpenetError as error:
        if debug:
            raise
        sys.stderr.write(f'error: {error}\n')
        sys.exit(EXIT_CODE)
    except KeyboardInterrupt:
        sys.stderr.write('interrupted\n')
        sys.exit(INTERRUPTED)
