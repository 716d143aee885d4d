"""How every command ends when the user can mend what went wrong."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from dfpenet_mm.errors import EXIT_CODE, DfpenetError

INTERRUPTED = 130
TERMINATED = 143


class TerminatedError(BaseException):
    """SIGTERM came, as a scheduler or a shutdown sends it."""


def raise_terminated(*_: object) -> NoReturn:
    """Handle SIGTERM like Ctrl-C: whoever has begun to write cleans up."""
    raise TerminatedError


@contextmanager
def exit_on_user_error(*, debug: bool) -> Iterator[None]:
    """Print a ``DfpenetError`` as one sentence on stderr and exit with code 2.

    Ctrl-C ends with code 130 and SIGTERM with 143, as shells expect.

    Args:
        debug: let the error through with its traceback instead.
    """
    # Only the main thread may set handlers.
    former = (
        signal.signal(signal.SIGTERM, raise_terminated)
        if threading.current_thread() is threading.main_thread()
        else None
    )
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
    except TerminatedError:
        sys.stderr.write('terminated\n')
        sys.exit(TERMINATED)
    finally:
        if former is not None:
            signal.signal(signal.SIGTERM, former)
