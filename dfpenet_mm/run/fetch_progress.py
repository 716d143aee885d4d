"""A fetch shown on stderr: what was found, and a bar of bytes with the time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from dfpenet_mm.imagery.request import FetchProgress
from dfpenet_mm.run.messages import Events, Messages
from dfpenet_mm.run.progress import watched_console

SEARCH, READ = 'search', 'read'


class ShownFetch(FetchProgress):
    """Writes what was found on stderr, and moves a bar if that is a terminal.

    Args:
        bar: to be moved; disabled where nobody watches.
    """

    def __init__(self, bar: Progress) -> None:
        self._bar, self._task = bar, bar.add_task(SEARCH, total=None)

    def tell(self, line: str) -> None:
        """Write a line."""
        if self._bar.disable:
            sys.stderr.write(f'{line}\n')
        else:
            self._bar.console.print(line, highlight=False, markup=False)

    def begin(self, total: int) -> None:
        """Set the length of the bar."""
        self._bar.update(self._task, description=READ, total=total)

    def advance(self, size: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, size)


class ToldFetch(ShownFetch):
    """Tells a program what was found and how far the fetch is.

    Args:
        bar: reckons the time left; disabled.
        events: hears it.
        quiet: tell warnings alone.
    """

    def __init__(self, bar: Progress, events: Events, *, quiet: bool) -> None:
        super().__init__(bar)
        self._events, self._quiet = events, quiet
        self._tell_events()

    def tell(self, line: str) -> None:
        """Tell a line."""
        if not self._quiet:
            self._events.note(line)

    def warn(self, sentence: str) -> None:
        """Tell a warning."""
        self._events.warning(sentence)

    def begin(self, total: int) -> None:
        """Tell that the search is over."""
        super().begin(total)
        self._tell_events()

    def advance(self, size: int) -> None:
        """Tell how much was read."""
        super().advance(size)
        self._tell_events()

    def _tell_events(self) -> None:
        if self._quiet:
            return
        task = self._bar.tasks[self._task]
        share = min(task.completed / task.total, 1.0) if task.total else None
        done = f' {task.completed / 1e6:,.0f}/{task.total / 1e6:,.0f} MB' if task.total else ''
        self._events.progress(
            task.description,
            fraction=share,
            seconds_left=task.time_remaining,
            message=f'{task.description}{done}',
        )


@contextmanager
def fetch_progress(
    *, quiet: bool = False, messages: Messages | None = None
) -> Iterator[FetchProgress]:
    """Show a fetch on stderr.

    Args:
        quiet: show nothing but warnings to a program.
        messages: of the command; ``Events`` for a program.
    """
    events = messages if isinstance(messages, Events) else None
    if quiet and not events:
        yield FetchProgress()
        return
    console = None if events else watched_console()
    with Progress(
        TextColumn('{task.description}'),
        BarColumn(20),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
        disable=console is None,
        transient=True,
    ) as bar:
        yield ToldFetch(bar, events, quiet=quiet) if events else ShownFetch(bar)
