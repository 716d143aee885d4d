"""One progress display for a run, with the time left; silent when nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class StageProgress:
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


@contextmanager
def progress_display() -> Iterator[StageProgress]:
    """Show bars on stderr while the body runs, if stderr is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn('{task.description:<24}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('elapsed'),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as display:
        yield StageProgress(display)
