"""The words of a command beside its result: lines on stderr for people, or events for programs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

OPTION, FOR_PROGRAMS, FOR_PEOPLE = '--progress', 'json', 'bar'
# As short as argparse lets the option be.
SHORTEST = '--pro'
# Seconds between two events of one stage, so that a program is not flooded.
PACE_S = 0.2


@dataclass(frozen=True)
class CommandResult:
    """The end of a command that did its work.

    Args:
        message: one sentence on what came of it.
        products: files by what they are, such as ``inventory``.
        exit_code: not 0 where the answer is a refusal, such as a doctor's.
    """

    message: str
    products: Mapping[str, Path] = field(default_factory=dict)
    exit_code: int = 0


class Messages:
    """Lines on stderr, for people."""

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Speak while the body runs."""
        yield

    def warning(self, sentence: str) -> None:
        """Say what may spoil a result."""
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - no --help waits for it
            from rich.text import Text  # noqa: PLC0415

            text = Text.assemble(('warning: ', 'bold yellow'), sentence)
            Console(file=sys.stderr).print(text)
        else:
            sys.stderr.write(f'warning: {sentence}\n')

    def note(self, sentence: str) -> None:
        """Say what is good to know."""
        sys.stderr.write(f'note: {sentence}\n')

    def end(self, line: str, exit_code: int, traceback: str = '') -> None:
        """Say why a command ends without a result.

        Args:
            line: such as ``error: a.tif does not exist``, or ``interrupted``.
            exit_code: with which it ends.
            traceback: of a defect; Python itself shows it to people.
        """
        del exit_code
        if not traceback:
            sys.stderr.write(f'{line}\n')

    def done(self, outcome: CommandResult) -> None:
        """Hear of the end; people have it on stdout."""


class Events(Messages):
    """One JSON object a line on stderr, for programs.

    What libraries write to Python's stderr meanwhile becomes notes. A program that has stopped
    reading does not end the work.
    """

    def __init__(self) -> None:
        self._stream: TextIO = sys.stderr
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._told: tuple[str, float] = ('', 0.0)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Turn other lines on stderr into notes while the body runs."""
        lines = _Lines(self)
        with contextlib.redirect_stderr(lines):
            try:
                yield
            finally:
                lines.close_line()

    def warning(self, sentence: str) -> None:
        """Tell a warning, once: a run gives it when it is found and again at its end."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            self._write(event='warning', message=sentence)

    def note(self, sentence: str) -> None:
        """Tell what is good to know."""
        self._write(event='note', message=sentence)

    def progress(
        self, stage: str, *, fraction: float | None, seconds_left: float | None, message: str
    ) -> None:
        """Tell how far a command is, unless that was just done.

        Args:
            stage: what it does.
            fraction: of the whole command, 0 to 1; None where it is too early to say.
            seconds_left: likewise.
            message: the stage and its steps.
        """
        now = time.monotonic()
        stage_before, then = self._told
        if stage == stage_before and now < then + PACE_S:
            return
        self._told = (stage, now)
        self._write(
            event='progress',
            stage=stage,
            fraction=None if fraction is None else round(fraction, 4),
            seconds_left=None if seconds_left is None else round(seconds_left, 1),
            message=message,
        )

    def end(self, line: str, exit_code: int, traceback: str = '') -> None:
        """Tell why a command ends without a result."""
        more = {'traceback': traceback} if traceback else {}
        message = line.removeprefix('error: ')
        self._write(event='error', message=message, exit_code=exit_code, **more)

    def done(self, outcome: CommandResult) -> None:
        """Tell what came of it, and where."""
        if outcome.exit_code:
            self.end(outcome.message, outcome.exit_code)
            return
        products = {name: os.path.abspath(path) for name, path in outcome.products.items()}
        self._write(event='result', message=outcome.message, products=products)

    def _write(self, **event: Any) -> None:
        line = json.dumps(event)
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._stream.write(f'{line}\n')
            self._stream.flush()


class _Lines(io.TextIOBase):
    """A stream whose lines are notes."""

    def __init__(self, events: Events) -> None:
        self._events, self._line = events, ''

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = f'{self._line}{text}'.split('\n')
        for line in filter(str.strip, lines):
            self._events.note(line)
        return len(text)

    def fileno(self) -> int:
        return self._events._stream.fileno()

    def close_line(self) -> None:
        if self._line.strip():
            self.write('\n')


def is_progress(name: str) -> bool:
    """Tell the option by its name, which argparse lets be shortened."""
    return name.startswith(SHORTEST) and OPTION.startswith(name)


def messages_for(arguments: Sequence[str]) -> Messages:
    """Return who is spoken to, by the arguments of a command, whether these are sound or not."""
    for argument, following in pairwise([*arguments, '']):
        name, tied, value = argument.partition('=')
        if is_progress(name) and (value if tied else following) == FOR_PROGRAMS:
            return Events()
    return Messages()
