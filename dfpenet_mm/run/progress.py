"""One display for a whole run: a bar over all stages, and a line for each that is finished."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, Task, TextColumn
from rich.table import Column
from rich.text import Text

from dfpenet_mm.run.messages import Events, Messages

Advance = Callable[[int, int], None]
# A shorter stage, such as one that had nothing to do, is not shown.
SHORTEST_S = 0.05
# Of as many steps, each as long: the first tells of the other.
RECOGNITION = ('recognise_post', 'recognise_pre')
# Kinds of stages with a pace of their own; names of those that teach begin so.
RECOGNISING, TEACHING = 'recognition', 'teach_'
ONLY_WITH_PRE = ('measure_shift', 'recognise_pre')
BEFORE_SCENES = ('start', 'choose_backend')
# In the order in which they run: what people read, seconds on the smallest scene, and more seconds
# for every million pixels. The times are of two cores of 2020 and only fill the bar: recognition,
# which takes most of a run, shows its own pace.
STAGES: dict[str, tuple[str, float, float]] = {
    'start': ('load the libraries', 5, 0),
    'choose_backend': ('choose the backend', 10, 0),
    'measure_shift': ('measure the shift', 3, 0),
    'load': ('load the network', 2, 0),
    'fit_scaling': ('fit the scaling', 0.1, 0.3),
    'look_at_ground': ('compare with known ground', 0.3, 0),
    'recognise_post': ('recognise post-event image', 0, 0),
    'recognise_pre': ('recognise pre-event image', 0, 0),
    'postproc': ('post-processing', 0.5, 1.2),
    'write': ('write the rasters', 0.2, 0.7),
    'figures': ('draw the figures', 8, 0.5),
    'report': ('write the report', 3, 1),
    'project': ('write the QGIS project', 0.5, 0),
}
# The pace of a stage is that of its last minute: a scene's edge of nodata goes fast.
PACE_S = 60.0
BAR_WIDTH, LONGEST_TITLE = 20, 44
# Seconds between two events for programs in a stage that has no steps.
BEAT_S = 1.0


def _kind(name: str) -> str:
    """Return one name for stages that are as long as each other; empty for all others."""
    if name in RECOGNITION:
        return RECOGNISING
    return TEACHING if name.startswith(TEACHING) else ''


def _run_stages(
    pixels: int, *, pre: bool, stages: Collection[str] = STAGES
) -> dict[str, float | None]:
    left_out = BEFORE_SCENES if pre else (*BEFORE_SCENES, *ONLY_WITH_PRE)
    return {
        name: None if name in RECOGNITION else seconds + a_mpx * pixels / 1e6
        for name, (_, seconds, a_mpx) in STAGES.items()
        if name in stages and name not in left_out
    }


def stage_title(name: str) -> str:
    """Return what people read for a stage, known here or not."""
    return STAGES[name][0] if name in STAGES else name.replace('_', ' ')


class RunProgress(Progress):
    """Times the stages of a run, and shows how far it is and how long it will take.

    Nothing is foretold before recognition, or teaching, has shown its pace on this machine.

    Args:
        console: where the bar moves and a finished stage gets its line; None for nowhere.
        told: write what is told to stderr where there is no console.
        events: hears all of it in place of both; None where no program listens.
        now: the time in seconds.

    Attributes:
        seconds: what every finished stage took.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        told: bool = False,
        events: Events | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._watched, self._told, self._begin = console is not None, told, now()
        self._events, self._over = events, threading.Event()
        self._expected: dict[str, float | None] = {}
        one_line = Column(no_wrap=True, overflow='ellipsis')
        super().__init__(
            TextColumn(
                '{task.description}', table_column=Column(no_wrap=True, max_width=LONGEST_TITLE)
            ),
            TextColumn('{task.fields[steps]}', table_column=one_line),
            BarColumn(BAR_WIDTH),
            TextColumn('{task.fields[left]}', table_column=one_line, markup=False),
            console=console or Console(stderr=True),
            disable=console is None,
            transient=True,
            refresh_per_second=4,
            speed_estimate_period=PACE_S,
            get_time=now,
        )
        self._name, self._doing = '', ''
        # One bar shows the run; its stage is paced by another one that is not shown.
        self._run, self._stage = (self._add(visible=visible) for visible in (True, False))
        # All of one recognition, or of teaching one network, as soon as it has shown its pace.
        self._whole_s: dict[str, float] = {}

    def start(self) -> None:
        """Begin to show the run."""
        super().start()
        if self._events and self._told:
            threading.Thread(target=self._beat, daemon=True).start()

    def stop(self) -> None:
        """End to show it."""
        self._over.set()
        super().stop()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            self._tell_events()

    def _tell_events(self) -> None:
        if self._events and self._told and self._name:
            stage = stage_title(self._name)
            # In this order: the share is made of the time that is left.
            share, left = self.share(), self.left()
            self._events.progress(
                stage, fraction=share, seconds_left=left, message=self._doing or stage
            )

    def _add(self, *, visible: bool) -> Task:
        self.add_task('', total=None, visible=visible, steps='', left='')
        return self.tasks[-1]

    def expect(self, pixels: int, *, pre: bool = False, stages: Collection[str] = STAGES) -> None:
        """Take the stages to come from the size of the scene.

        Args:
            pixels: of the scene.
            pre: if there is a pre-event image.
            stages: of the command; those before the scene is open do not count.
        """
        self._expected = _run_stages(pixels, pre=pre, stages=stages)

    def expect_lesson(
        self,
        strategies: Sequence[str],
        pixels: int,
        *,
        pre: bool,
        judging_s: float,
        recognition_s: float,
    ) -> None:
        """Take the stages to come of a lesson, those of its map among them.

        Args:
            strategies: stages ``teach_NAME`` and ``judge_NAME`` come for each.
            pixels: of the scene.
            pre: if there is a pre-event image.
            judging_s: time that judging one network took.
            recognition_s: time that recognising the whole scene takes at that pace.
        """
        self._whole_s.setdefault(RECOGNISING, recognition_s)
        self._expected = _run_stages(pixels, pre=pre)
        for name in strategies:
            self._expected |= {f'{TEACHING}{name}': None, f'judge_{name}': judging_s}

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Show and time a stage while the body runs; its seconds are kept when it succeeds."""
        self._name, self._doing, self._stage = name, '', self._add(visible=False)
        self.update(self._run.id, description=stage_title(name), steps='')
        begin = self.get_time()
        self._tell_events()
        try:
            yield
            self.seconds[name] = self.get_time() - begin
        finally:
            self._name = ''
        if self.seconds[name] >= SHORTEST_S:
            self.say(f'  {stage_title(name):<28}{self.seconds[name]:8.1f} s')

    def say(self, line: str) -> None:
        """Write a line above the bar, if anybody watches."""
        if self._watched:
            self.console.print(line, style='dim', highlight=False, markup=False)

    def tell(self, line: str) -> None:
        """Write a line that is wanted in a log file too."""
        if self._events:
            if self._told:
                self._events.note(line)
        elif self._told and not self._watched:
            sys.stderr.write(f'{line}\n')
        self.say(line)

    def warn(self, sentence: str, *, at_end: bool = True) -> None:
        """Give a warning at once, as the run may take hours.

        Args:
            sentence: the warning.
            at_end: the command gives it again at its end, so that a log file has it from there.
        """
        if self._events:
            self._events.warning(sentence)
        elif at_end:
            self.say(f'warning: {sentence}')
        else:
            self.tell(f'warning: {sentence}')

    def stage(self, description: str) -> Advance:
        """Name what the current stage does; call the result with its steps done and total."""
        return lambda done, total: self.step(description, done, total)

    def step(self, description: str, done: int, total: int) -> None:
        """Say what the current stage does, and how many of its steps are done.

        The first call only sets the start: what was there already, kept by an earlier run or
        warming up, says nothing of the pace.
        """
        title = Text(description)
        title.truncate(LONGEST_TITLE, overflow='ellipsis')
        self.update(self._run.id, description=title.markup, steps=f'{done}/{total}')
        self.update(self._stage.id, completed=done, total=total)
        if _kind(self._name) and self._stage.speed:
            self._whole_s[_kind(self._name)] = total / self._stage.speed
        self._doing = f'{description} {done}/{total}'
        self._tell_events()

    def left(self) -> float | None:
        """Return the seconds that are left; None if it is too early to say."""
        parts = [self._left_of(name) for name in self._expected if name not in self.seconds]
        known = [part for part in parts if part is not None]
        return sum(known) if self._expected and len(known) == len(parts) else None

    def _left_of(self, name: str) -> float | None:
        kind = _kind(name)
        expected = self._whole_s.get(kind) if kind else self._expected[name]
        if name != self._name or expected is None:
            return expected
        remaining = self._stage.time_remaining if kind else None
        return max(expected - (self._stage.elapsed or 0), 0.0) if remaining is None else remaining

    def share(self) -> float | None:
        """Return the share of the run's time that has passed; None if it is too early to say.

        It never falls.
        """
        left = self.left()
        if left is None:
            return None
        passed = self.get_time() - self._begin
        share = max(self._run.completed, passed / ((passed + left) or 1))
        self.update(self._run.id, total=1.0, completed=share)
        return share

    def get_renderables(self) -> Iterable[RenderableType]:
        """Draw the bar as far as the run is by now."""
        left, share = self.left(), self.share()
        if left is not None and share is not None:
            shown = f'{share:.0%}, {timedelta(seconds=round(left))} left'
            self.update(self._run.id, left=shown)
        yield from super().get_renderables()


def watched_console() -> Console | None:
    """Return a console on stderr; None where it is no terminal that can redraw a line."""
    console = Console(stderr=True)
    return console if sys.stderr.isatty() and console.is_interactive else None


def run_progress(*, quiet: bool = False, messages: Messages | None = None) -> RunProgress:
    """Show a run on stderr in a ``with`` block, if that is a terminal or a program listens.

    Args:
        quiet: only keep the times, and give warnings to a program.
        messages: of the command; ``Events`` for a program.
    """
    events = messages if isinstance(messages, Events) else None
    return RunProgress(
        None if quiet or events else watched_console(), told=not quiet, events=events
    )
