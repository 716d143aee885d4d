"""A program that runs beside QGIS: read line by line as it speaks, and stopped when asked to."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from .environment import clean_environment

WINDOWS = sys.platform == 'win32'
# Seconds between two looks at whether it shall stop, and those in which it may end by itself
# then: it finishes a block and writes it down.
LOOK_S = 0.1
GRACE_S = 60.0
# A child of the program may hold its streams open; so long after its end they are waited for.
STREAMS_S = 5.0
# CREATE_NO_WINDOW, and CREATE_NEW_PROCESS_GROUP, to which a break can be sent.
NO_WINDOW = 0x08000000 if WINDOWS else 0
FLAGS = NO_WINDOW | (0x00000200 if WINDOWS else 0)


@dataclass(frozen=True)
class Ended:
    """The outcome of a program that ran.

    Args:
        code: exit code; minus a signal's number where that ended it.
        output: all of standard output.
        stopped: True where it was asked to stop.
    """

    code: int
    output: str
    stopped: bool


def run_program(
    arguments: Sequence[str],
    *,
    said: Callable[[str], None],
    printed: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    folder: str | None = None,
    grace_s: float = GRACE_S,
    variables: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program in a clean environment and wait for its end.

    Args:
        arguments: the program and what it is given; no shell reads them.
        said: called in this thread with every line of standard error.
        printed: called with every line of standard output, as it comes.
        stop: asked every tenth of a second; once it answers True the program is told to end,
            and killed if it does not.
        folder: to run in; None for this one.
        grace_s: seconds that it has to end by itself.
        variables: of its environment, beside those of a clean one.

    Returns:
        What came of it.

    Raises:
        OSError: if it cannot be started.
    """
    program = subprocess.Popen(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**clean_environment(), **(variables or {})},
        cwd=folder,
        creationflags=FLAGS,
        encoding='utf-8',
        errors='replace',
    )
    lines: queue.Queue[tuple[str, str | None]] = queue.Queue()
    for name in ('stdout', 'stderr'):
        stream = getattr(program, name)
        threading.Thread(target=_read, args=(name, stream, lines), daemon=True).start()
    output: list[str] = []
    asked: float | None = None
    try:
        for name, line in _until_closed(program, lines):
            if name == 'stdout' and line:
                output.append(line)
                printed(line)
            elif line:
                said(line)
            if asked is None and stop():
                asked = time.monotonic()
                _ask_to_end(program)
            elif asked is not None and time.monotonic() > asked + grace_s:
                _kill(program)
    except BaseException:
        _kill(program)
        program.wait()
        raise
    return Ended(program.wait(), ''.join(output), stopped=asked is not None)


def _read(name: str, stream: IO[str], lines: queue.Queue) -> None:
    with stream:
        for line in stream:
            lines.put((name, line))
    lines.put((name, None))


def _until_closed(program: subprocess.Popen, lines: queue.Queue):
    """Yield lines by their streams, and nothings in between, until both are closed."""
    open_streams, ended = {'stdout', 'stderr'}, None
    while open_streams:
        try:
            name, line = lines.get(timeout=LOOK_S)
        except queue.Empty:
            name, line = '', ''
            if program.poll() is not None:
                ended = ended or time.monotonic()
                if time.monotonic() > ended + STREAMS_S:
                    return
        if line is None:
            open_streams.discard(name)
            line = ''
        yield name, line


def _ask_to_end(program: subprocess.Popen) -> None:
    if sys.platform != 'win32':
        program.terminate()
        return
    try:
        program.send_signal(signal.CTRL_BREAK_EVENT)
    except OSError:
        # A program without a console hears no break. What it has finished is on the disk.
        _kill(program)


def _kill(program: subprocess.Popen) -> None:
    if program.poll() is not None:
        return
    if WINDOWS:
        # The command starts a Python, which would outlive it.
        subprocess.run(
            ['taskkill', '/T', '/F', '/PID', str(program.pid)],
            creationflags=NO_WINDOW,
            capture_output=True,
            check=False,
        )
    program.kill()
