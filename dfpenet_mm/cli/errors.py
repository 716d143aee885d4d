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
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


class TerminatedError(BaseException):
    """SIGTERM came, as a scheduler or a shutdown sends it, or SIGHUP, as a closed terminal does."""


def raise_terminated(*_: object) -> NoReturn:
    """Handle these signals like Ctrl-C: whoever has begun to write cleans up."""
    raise TerminatedError


@contextmanager
def exit_on_user_error(*, debug: bool) -> Iterator[None]:
    """Print a ``DfpenetError`` as one sentence on stderr and exit with code 2.

    Ctrl-C ends with code 130, SIGTERM and SIGHUP with 143.

    Args:
        debug: let the error through with its traceback instead.
    """
    # Only the main thread may set handlers.
    handled = ENDINGS if threading.current_thread() is threading.main_thread() else ()
    former = {number: signal.signal(number, raise_terminated) for number in handled}
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
        for number, handler in former.items():
            signal.signal(number, handler)
