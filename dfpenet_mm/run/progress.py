"""One display for a whole run: a bar over all stages, and a line for each that is finished."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dfpenet_mm.run.stages import RECOGNITION, SHORTEST_S, RunClock, expected_seconds, stage_title


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


REDRAWS_A_SECOND = 4
BAR, LONGEST_TITLE = 20, 44


class RunProgress:
    """Times the stages of a run and shows them.

    Args:
        clock: keeps the times.
        console: where a finished stage gets its line; None for nowhere.
    """

    def __init__(self, clock: RunClock, console: Console | None = None) -> None:
        self._clock = clock
        self._console = console
        self._title = ''
        self._steps: tuple[int, int] | None = None

    @property
    def seconds(self) -> Mapping[str, float]:
        """What every finished stage took."""
        return self._clock.seconds

    def expect(self, pixels: int, *, pre: bool) -> None:
        """Foretell the run of a scene of so many pixels, with a pre-event image or without."""
        self._clock.expect(expected_seconds(pixels, pre=pre), alike=RECOGNITION)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Show and time a stage while the body runs."""
        self._title, self._steps = stage_title(name), None
        with self._clock.running(name):
            yield
        if self.seconds[name] >= SHORTEST_S:
            self.say(f'  {stage_title(name):<28}{self.seconds[name]:8.1f} s')

    def say(self, line: str) -> None:
        """Write a line above the bar, if anybody watches."""
        if self._console:
            self._console.print(line, style='dim', highlight=False, markup=False)

    def stage(self, description: str) -> Callable[[int, int], None]:
        """Name what the current stage does; call the result with its steps done and total."""

        def advance(done: int, total: int) -> None:
            self.step(description, done, total)

        return advance

    def step(self, description: str, done: int, total: int) -> None:
        """Say what the current stage does, and how many of its steps are done."""
        self._title, self._steps = description, (done, total)
        self._clock.step(done, total)

    def render(self) -> Table:
        """Draw the line that moves, as wide as the terminal or less."""
        share, left = self._clock.share(), self._clock.left()
        title = Text(self._title, no_wrap=True, overflow='ellipsis')
        title.truncate(LONGEST_TITLE, overflow='ellipsis')
        steps = '{}/{}'.format(*self._steps) if self._steps else ''
        percent = '' if share is None else f'{share:.0%}'
        row = (
            title,
            Text(steps, no_wrap=True),
            ProgressBar(total=1, completed=share or 0, width=BAR, pulse=share is None),
            Text(percent, no_wrap=True),
            Text('' if left is None else f'{in_words(left)} left', no_wrap=True),
        )
        table = Table.grid(padding=(0, 1))
        for _ in row:
            table.add_column(no_wrap=True)
        table.add_row(*row)
        return table


def in_words(seconds: float) -> str:
    """Write a time as ``0:05``, ``12:30`` or ``3:04:00``."""
    text = str(timedelta(seconds=round(seconds)))
    return text.removeprefix('0:').removeprefix('0') if text.startswith('0:') else text


@contextmanager
def run_progress(*, quiet: bool = False, console: Console | None = None) -> Iterator[RunProgress]:
    """Show a run on stderr while the body runs, if that is a terminal.

    Args:
        quiet: only keep the times.
        console: in place of stderr.

    Yields:
        What the stages are told to.
    """
    console = None if quiet else console or watched_console()
    progress = RunProgress(RunClock(), console)
    with ExitStack() as stack:
        if console:
            live = Live(
                console=console,
                get_renderable=progress.render,
                refresh_per_second=REDRAWS_A_SECOND,
                transient=True,
            )
            stack.enter_context(live)
        yield progress
