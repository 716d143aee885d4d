"""What shows how far a command is, and one bar a stage; silent when nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class StageProgress(Protocol):
    """Shows how far a stage is, whether by a bar of its own or in one for all stages."""

    def stage(self, description: str) -> Callable[[int, int], None]:
        """Start a stage; call the result with the steps done and their total."""


class BarPerStage:
    """Hands out callbacks that move one bar a stage.

    Args:
        display: the display they share.
    """

    def __init__(self, display: Progress) -> None:
        self._display = display

    def stage(self, description: str) -> Callable[[int, int], None]:
        """Start a stage; call the result with the steps done and their total."""
        task = self._display.add_task(description, total=None)

        def advance(done: int, total: int) -> None:
            self._display.update(task, completed=done, total=total)

        return advance


def watched_console() -> Console | None:
    """Return a console on stderr; None where it is no terminal that can redraw a line."""
    console = Console(stderr=True)
    return console if sys.stderr.isatty() and console.is_interactive else None


@contextmanager
def progress_display(*, quiet: bool = False) -> Iterator[BarPerStage]:
    """Show bars on stderr while the body runs, if stderr is a terminal.

    Args:
        quiet: show nothing there either.
    """
    console = None if quiet else watched_console()
    columns = (
        TextColumn('{task.description:<24}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('elapsed'),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console or Console(stderr=True), disable=console is None
    ) as display:
        yield BarPerStage(display)
