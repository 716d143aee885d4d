"""How every command ends when the user can mend what went wrong."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from dfpenet_mm.errors import EXIT_CODE, DfpenetError

DEFECT = 1
INTERRUPTED = 130
TERMINATED = 143
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


class TerminatedError(BaseException):
    """SIGTERM came, as a scheduler or a shutdown sends it, or SIGHUP, as a closed terminal does."""


def raise_terminated(*_: object) -> NoReturn:
    """Handle these signals like Ctrl-C: whoever has begun to write cleans up."""
    raise TerminatedError


@contextmanager
def exit_on_user_error(*, debug: bool, as_json: bool = False) -> Iterator[None]:
    """Print a ``DfpenetError`` as one sentence on stderr and exit with code 2.

    Ctrl-C ends with code 130, SIGTERM and SIGHUP with 143. Notes that were added to the
    exception follow on the same line.

    Args:
        debug: let the error through with its traceback instead.
        as_json: also write ``{"error": ..., "exit_code": ...}`` to stdout, for a defect too.
    """
    # Only the main thread may set handlers.
    handled = ENDINGS if threading.current_thread() is threading.main_thread() else ()
    former = {number: signal.signal(number, raise_terminated) for number in handled}
    try:
        yield
    except DfpenetError as error:
        if debug:
            raise
        _end(error, f'error: {error}', EXIT_CODE, as_json=as_json)
    except KeyboardInterrupt as error:
        _end(error, 'interrupted', INTERRUPTED, as_json=as_json)
    except TerminatedError as error:
        _end(error, 'terminated', TERMINATED, as_json=as_json)
    except Exception as error:
        if as_json:
            write_error(f'{type(error).__name__}: {error}', DEFECT)
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def write_error(sentence: str, exit_code: int) -> None:
    """Write an error to stdout as the JSON document that a program waits for."""
    sys.stdout.write(json.dumps({'error': sentence, 'exit_code': exit_code}) + '\n')


def _end(error: BaseException, what: str, exit_code: int, *, as_json: bool) -> NoReturn:
    line = '; '.join([what, *getattr(error, '__notes__', [])])
    if as_json:
        write_error(line.removeprefix('error: '), exit_code)
    sys.stderr.write(f'{line}\n')
    sys.exit(exit_code)
