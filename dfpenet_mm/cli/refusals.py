"""Manners that all commands share: refusals, and output that nobody reads."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from dfpenet_mm.doctor.environment import in_one_line
from dfpenet_mm.errors import EXIT_CODE, DfpenetError, InstallError
from dfpenet_mm.run.messages import Events, Messages

DEFECT = 1
INTERRUPTED = 130
TERMINATED = 143
# What a machine may refuse, and what to do about it. A file that is not there is no such case:
# who looks for it says so, or is a defect.
REFUSALS = {
    errno.EACCES: 'see that you may read it, or write there',
    errno.EPERM: 'see that you may read it, or write there',
    errno.EROFS: 'name another folder',
    errno.ENOSPC: 'free some space, or name another folder',
    errno.EDQUOT: 'free some space, or name another folder',
    errno.EFBIG: 'raise the limit (ulimit -f), or name another folder',
    errno.ENAMETOOLONG: 'give a shorter name',
    errno.ELOOP: 'give a path that is not a link to itself',
    errno.ENOTDIR: 'a part of the path is a file; correct it',
    errno.EIO: 'see that the disk is sound',
    errno.ESTALE: 'see that the disk is still there',
    errno.EMFILE: 'raise the limit of open files (ulimit -n)',
}
# How libraries put it that they got no memory; the last are of the loader of shared libraries.
NO_MEMORY = (
    'bad_alloc',
    "can't allocate memory",
    'cannot allocate memory',
    'out of memory',
    'failed to map segment',
)
# Seconds in which a signal that comes again is the same one: timeout sends two at once, and
# who has waited this long means it anew.
REPEAT_S = 10.0


class TerminatedError(BaseException):
    """SIGTERM came, as a scheduler or a shutdown sends it, or SIGHUP, as a closed terminal does.

    On Windows it is Ctrl-Break, which alone reaches the processes that a program has started.
    """


KINDS: dict[int, type[BaseException]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: TerminatedError,
    # Either is known on some systems only.
    **{
        getattr(signal, name): TerminatedError
        for name in ('SIGHUP', 'SIGBREAK')
        if hasattr(signal, name)
    },
}


class _Signals:
    """Handle them all like Ctrl-C: whoever has begun to write cleans up, once and undisturbed."""

    def __init__(self) -> None:
        self._deaf_until = -math.inf

    def __call__(self, number: int, _: object) -> None:
        now = time.monotonic()
        if now >= self._deaf_until:
            self._deaf_until = now + REPEAT_S
            raise KINDS[number]

    def ignore(self) -> None:
        self._deaf_until = math.inf


@contextmanager
def exit_on_user_error(
    *, debug: bool, as_json: bool = False, messages: Messages | None = None
) -> Iterator[None]:
    """Print a ``DfpenetError`` as one sentence on stderr and exit with its code, mostly 2.

    So end what the machine refuses, too: a disk that is full, a name that is no UTF-8, memory.
    Ctrl-C ends with code 130, SIGTERM, SIGHUP and Ctrl-Break with 143; a signal that is ignored, as
    ``nohup`` sees to it, stays so. Notes that were added to the exception follow on the same line.

    Args:
        debug: let the error through with its traceback instead.
        as_json: also write ``{"error": ..., "exit_code": ...}`` to stdout, for a defect too.
        messages: of the command; a program that hears ``Events`` gets a defect as one, too.
    """
    messages = messages or Messages()
    signals, former = _Signals(), {}
    try:
        try:
            # Only the main thread may set handlers.
            if threading.current_thread() is threading.main_thread():
                former = {number: signal.getsignal(number) for number in KINDS}
                former = {n: handler for n, handler in former.items() if handler != signal.SIG_IGN}
                for number in former:
                    signal.signal(number, signals)
            yield
        finally:
            signals.ignore()
    except DfpenetError as error:
        if debug:
            _show_traceback(error, messages)
            raise
        _end(error, f'error: {error}', error.exit_code, messages, as_json=as_json)
    except KeyboardInterrupt as error:
        _end(error, 'interrupted', INTERRUPTED, messages, as_json=as_json)
    except TerminatedError as error:
        _end(error, 'terminated', TERMINATED, messages, as_json=as_json)
    except Exception as error:
        refusal = None if debug else machine_refusal(error)
        if refusal:
            _end(error, f'error: {refusal}', EXIT_CODE, messages, as_json=as_json)
        if as_json:
            write_error(f'{type(error).__name__}: {error}', DEFECT)
        _show_traceback(error, messages)
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def machine_refusal(error: Exception) -> str | None:
    """Put what a system, and no defect, refused into a sentence; None for anything else."""
    if isinstance(error, UnicodeEncodeError) and 'surrogates' in error.reason:
        name = os.fsencode(error.object).decode(errors='replace')
        return f'the name {name} is not UTF-8; rename the file or folder'
    if isinstance(error, MemoryError) or any(how in str(error).lower() for how in NO_MEMORY):
        reason = ' '.join(str(error).split())[:150] or 'MemoryError'
        return (
            f'memory ran out ({reason}); end other programs, or raise the limit of this one '
            f'(ulimit -v, which counts addresses and should be above 8 GB, or that of the job)'
        )
    if isinstance(error, OSError) and error.errno in REFUSALS:
        what = f'{os.fspath(error.filename)}: ' if isinstance(error.filename, str) else ''
        return f'{what}{error.strerror}; {REFUSALS[error.errno]}'
    return None


@contextmanager
def loading() -> Iterator[None]:
    """Send whoever cannot even import the parts of this package to the checkup.

    Raises:
        InstallError: in place of what an import raises.
    """
    try:
        yield
    except (ImportError, OSError) as error:
        if machine_refusal(error):
            raise
        # A shared library that is missing may be either.
        raise InstallError(
            f'the installation is broken ({in_one_line(error)}); landslide-map doctor says how to '
            f'mend it'
        ) from error


def write_error(sentence: str, exit_code: int) -> None:
    """Write an error to stdout as the JSON document that a program waits for."""
    sys.stdout.write(json.dumps({'error': sentence, 'exit_code': exit_code}) + '\n')


def _end(
    error: BaseException, what: str, exit_code: int, messages: Messages, *, as_json: bool
) -> NoReturn:
    line = '; '.join([what, *getattr(error, '__notes__', [])])
    if as_json:
        write_error(line.removeprefix('error: '), exit_code)
    messages.end(line, exit_code)
    sys.exit(exit_code)


def _show_traceback(error: Exception, messages: Messages) -> None:
    """End with an event where a program listens: Python's own traceback is for people."""
    if isinstance(messages, Events):
        lines = ''.join(traceback.format_exception(error))
        messages.end(f'{type(error).__name__}: {error}', DEFECT, lines)
        sys.exit(DEFECT)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Write to stdout without complaint where its reader, such as ``head``, has seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain then.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
