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
from dfpenet_mm.run.progress import watched_console


class ShownFetch(FetchProgress):
    """Writes what was found on stderr, and moves a bar if that is a terminal.

    Args:
        bar: to be moved; disabled where nobody watches.
    """

    def __init__(self, bar: Progress) -> None:
        self._bar, self._task = bar, bar.add_task('search', total=None)

    def tell(self, line: str) -> None:
        """Write a line."""
        if self._bar.disable:
            sys.stderr.write(f'{line}\n')
        else:
            self._bar.console.print(line, highlight=False, markup=False)

    def begin(self, total: int) -> None:
        """Set the length of the bar."""
        self._bar.update(self._task, description='read', total=total)

    def advance(self, size: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, size)


@contextmanager
def fetch_progress(*, quiet: bool = False) -> Iterator[FetchProgress]:
    """Show a fetch on stderr.

    Args:
        quiet: show nothing.
    """
    if quiet:
        yield FetchProgress()
        return
    console = watched_console()
    with Progress(
        TextColumn('{task.description}'),
        BarColumn(20),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
        disable=console is None,
        transient=True,
    ) as bar:
        yield ShownFetch(bar)
