"""The stages of a run: their names, how long they take, and how much is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """What is known of a stage beforehand.

    The times are of two cores of 2020 and only fill the bar: recognition, which takes most of
    a run, shows its own pace.

    Args:
        title: what people read.
        seconds: on the smallest scene.
        seconds_a_mpx: more for every million pixels.
    """

    title: str
    seconds: float = 0.0
    seconds_a_mpx: float = 0.0


# A shorter stage, such as one that had nothing to do, is not shown.
SHORTEST_S = 0.05
RECOGNITION = ('recognise_post', 'recognise_pre')
# In the order in which they run.
STAGES = {
    'start': Stage('load the libraries', 5),
    'choose_backend': Stage('choose the backend', 10),
    'measure_shift': Stage('measure the shift', 3),
    'load': Stage('load the network', 2),
    'fit_scaling': Stage('fit the scaling', 0.1, 0.3),
    'recognise_post': Stage('recognise post-event image'),
    'recognise_pre': Stage('recognise pre-event image'),
    'postproc': Stage('post-processing', 0.5, 1.2),
    'write': Stage('write the rasters', 0.2, 0.7),
    'figures': Stage('draw the figures', 8, 0.5),
    'report': Stage('write the report', 3, 1),
    'project': Stage('write the QGIS project', 0.5),
}


def stage_title(name: str) -> str:
    """Return what people read for a stage, known here or not."""
    return STAGES[name].title if name in STAGES else name.replace('_', ' ')


def expected_seconds(
    pixels: int, *, pre: bool, stages: Mapping[str, Stage] = STAGES
) -> dict[str, float | None]:
    """Foretell the stages that begin when the scenes are open.

    Args:
        pixels: of the scene.
        pre: whether there is a pre-event image.
        stages: what is known of them.

    Returns:
        Seconds by stage; None for recognition, whose pace depends on the network, the machine
        and the backend.
    """
    without = () if pre else ('measure_shift', 'recognise_pre')
    return {
        name: None if name in RECOGNITION else stage.seconds + stage.seconds_a_mpx * pixels / 1e6
        for name, stage in stages.items()
        if name not in ('start', 'choose_backend', *without)
    }


# The pace of a stage is that of its last minute: a scene's edge of nodata goes fast.
HORIZON_S = 60.0


class RunClock:
    """Times the stages of a run, and reckons from their pace when it will be over.

    Nothing is foretold before the slowest stages have shown their pace on this machine.

    Args:
        now: the time in seconds.

    Attributes:
        seconds: what the finished stages took.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._now = now
        self._begin = now()
        self._expected: dict[str, float | None] = {}
        self._alike: frozenset[str] = frozenset()
        self._current: str | None = None
        self._current_begin = self._begin
        self._steps: deque[tuple[float, int]] = deque()
        self._total = 0
        # Of the stages alike: what a step takes, and how many there are.
        self._pace: float | None = None
        self._alike_total = 0
        self._furthest = 0.0

    def expect(self, seconds: Mapping[str, float | None], alike: Sequence[str] = ()) -> None:
        """Say what is to come.

        Args:
            seconds: what each stage may take; None where only its steps will show.
            alike: stages of as many steps, each as long; the first tells of the others.
        """
        self._expected, self._alike = dict(seconds), frozenset(alike)

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Time a stage while the body runs; its seconds are kept when it succeeds."""
        self._current, self._current_begin, self._total = stage, self._now(), 0
        # Replaced, not cleared: the display reads it in a thread.
        self._steps = deque()
        try:
            yield
            self.seconds[stage] = self._now() - self._current_begin
        finally:
            self._current = None

    def step(self, done: int, total: int) -> None:
        """Say how many steps of the current stage are done.

        The first call only sets the start: what was there already, kept by an earlier run or
        warming up, says nothing of the pace.
        """
        self._steps.append((self._now(), done))
        self._total = total
        while len(self._steps) > 2 and self._steps[-1][0] - self._steps[0][0] > HORIZON_S:
            self._steps.popleft()
        if self._current in self._alike:
            self._alike_total = total
            self._pace = _pace(self._steps) or self._pace

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return self._now() - self._begin

    def left(self) -> float | None:
        """Return the seconds that are left; None if it is too early to say."""
        coming = [stage for stage in self._expected if stage not in self.seconds]
        if self._current and self._current not in coming:
            coming.append(self._current)
        parts = [self._left_of(stage) for stage in coming]
        return None if not self._expected or None in parts else sum(parts)

    def share(self) -> float | None:
        """Return which share of the run's time has passed, in [0, 1]; it never falls."""
        left = self.left()
        if left is None:
            return self._furthest or None
        elapsed = self.elapsed()
        self._furthest = max(self._furthest, elapsed / (elapsed + left) if elapsed else 0.0)
        return self._furthest

    def _left_of(self, stage: str) -> float | None:
        if stage != self._current:
            return self._expectation(stage)
        steps, foretold = self._steps, self._foretold(stage)
        pace = _pace(steps)
        if pace is None:
            return foretold
        moment, done = steps[-1]
        by_steps = max((self._total - done) * pace - (self._now() - moment), 0.0)
        # Steps of other stages, such as hooks, are not equally long.
        return by_steps if stage in self._alike else max(by_steps, foretold or 0.0)

    def _foretold(self, stage: str) -> float | None:
        expected = self._expectation(stage)
        passed = self._now() - self._current_begin
        return None if expected is None else max(expected - passed, 0.0)

    def _expectation(self, stage: str) -> float | None:
        if stage in self._alike and self._pace is not None:
            return self._pace * self._alike_total
        return self._expected.get(stage, 0.0)


def _pace(steps: Sequence[tuple[float, int]]) -> float | None:
    """Return the seconds of a step, from moments and the steps done by then."""
    if len(steps) < 2 or steps[-1][1] <= steps[0][1]:
        return None
    (first, before), (last, after) = steps[0], steps[-1]
    return (last - first) / (after - before)
