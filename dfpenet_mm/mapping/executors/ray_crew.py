"""The actors of one run: started, given blocks, replaced when they are lost."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from dfpenet_mm import __version__
from dfpenet_mm.errors import DfpenetError, InstallError, PredictionError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.pull_schedule import PullSchedule
from dfpenet_mm.mapping.executors.ray_cluster import said_by_ray
from dfpenet_mm.mapping.plan.windows import Block

if TYPE_CHECKING:
    from dfpenet_mm.mapping.executors.ray_executor import RayExecutor

LOGGER = logging.getLogger(__name__)
# Seconds after which it is looked whether any actor has started.
LOOK = 5.0


@dataclass(frozen=True, kw_only=True)
class CrewSize:
    """Number and size of the actors, none of it left open.

    Args:
        actors: how many.
        cpus: cores of each, and threads of its network.
        gpus: GPUs of each, parts of one too.
        in_flight: most blocks with an actor at once.
    """

    actors: int
    cpus: int
    gpus: float
    in_flight: int


class RayCrew:
    """Actors that predict the blocks of a task.

    Use ``dismiss`` at the end, whatever happened.

    Args:
        ray: the module, connected to a cluster.
        task: the scene and the network.
        size: of the crew.
        asked: says what an actor is, and when a run gives up.
    """

    def __init__(
        self, *, ray: ModuleType, task: BlockTask, size: CrewSize, asked: RayExecutor
    ) -> None:
        self._ray, self._size, self._asked = ray, size, asked
        self._task = ray.put(task)
        self._actor = ray.remote(
            num_cpus=size.cpus,
            num_gpus=size.gpus,
            max_restarts=0,
            max_concurrency=size.in_flight + 1,
        )(asked.worker)
        self._numbers = itertools.count()
        self._actors: dict[int, Any] = {}
        # What was called and has not come back: the actor's number, and its block or, of a
        # start, None.
        self._calls: dict[Any, tuple[int, Block | None]] = {}
        self._ready: set[int] = set()
        self._failed_starts = 0

    def run(
        self, schedule: PullSchedule, on_windows: Callable[[int], None] | None
    ) -> Iterator[tuple[Block, BlockResult]]:
        """Predict what a schedule hands out.

        Args:
            schedule: of blocks of the task.
            on_windows: told how many windows were settled, block by block.

        Yields:
            Each block with its result.

        Raises:
            PredictionError: if actors keep dying, or none starts.
            DfpenetError: what an actor raised.
        """
        for _ in range(self._size.actors):
            self._hire()
        deadline = time.monotonic() + self._asked.start_timeout
        self._hand_out(schedule)
        while not schedule.finished:
            for call in self._wait():
                arrived = self._receive(call, schedule)
                # Before the caller takes its time with the result.
                self._hand_out(schedule)
                if arrived is None:
                    continue
                if on_windows:
                    on_windows(len(arrived[0].windows))
                yield arrived
                # The next result may need the memory.
                del arrived
            if self._ready:
                deadline = time.monotonic() + self._asked.start_timeout
            elif time.monotonic() > deadline:
                self._raise_no_start()

    def _hand_out(self, schedule: PullSchedule) -> None:
        for number, block in schedule.assign():
            call = self._actors[number].predict.remote(block.index)
            self._calls[call] = number, block

    def _wait(self) -> list[Any]:
        """Wait for a call to come back, and return all that are."""
        calls = list(self._calls)
        # Results stay on their nodes until it is their turn.
        came, _ = self._ray.wait(calls, timeout=LOOK, fetch_local=False)
        if came:
            # Asking costs the same for one as for all; it is dear when many actors are fast.
            came, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0, fetch_local=False)
        return came

    def _hire(self) -> None:
        number = next(self._numbers)
        actor = self._actor.remote()
        self._actors[number] = actor
        call = actor.start.remote(self._task, self._size.cpus, __version__)
        self._calls[call] = number, None

    def _receive(self, call: Any, schedule: PullSchedule) -> tuple[Block, BlockResult] | None:
        if call not in self._calls:
            return None  # its actor was lost with another call
        number, block = self._calls.pop(call)
        errors = self._ray.exceptions
        try:
            result = self._ray.get(call)
        except errors.RayTaskError as error:
            if isinstance(error.cause, DfpenetError):
                raise error.cause from None
            if isinstance(error.cause, ImportError):
                raise InstallError(
                    f'a Ray actor misses a module ({error.cause}); install the same packages on '
                    f'every node, and name in custom_imports what all of them can import'
                ) from error
            raise
        except errors.RayError as error:
            self._replace(number, schedule, said_by_ray(error))
            return None
        if block is None:
            self._failed_starts = 0
            self._ready.add(number)
            schedule.add(number)
            return None
        schedule.done(number, block)
        return block, result

    def _replace(self, number: int, schedule: PullSchedule, reason: str) -> None:
        self._ray.kill(self._actors.pop(number), no_restart=True)
        self._calls = {call: kept for call, kept in self._calls.items() if kept[0] != number}
        self._failed_starts += number not in self._ready
        self._ready.discard(number)
        LOGGER.warning('lost a Ray actor: %s', reason)
        for block, losses in schedule.lose(number):
            if losses >= self._asked.attempts:
                self._raise_killer(block, losses, reason)
        if self._failed_starts <= self._size.actors:
            self._hire()
        elif not self._actors:
            raise PredictionError(
                f'{self._failed_starts} Ray actors died one after the other before they were '
                f'ready (the last: {reason}); check the memory of the nodes, that all have the '
                f'same packages, and the logs of Ray'
            )

    def _raise_killer(self, block: Block, losses: int, reason: str) -> NoReturn:
        raise PredictionError(
            f'block {block.index} (rows from {block.row_off}, columns from {block.col_off}) cost '
            f'{losses} Ray actors (the last: {reason}); see the logs of Ray, give an actor more '
            f'memory or a smaller batch, and continue with the finished blocks'
        )

    def _raise_no_start(self) -> NoReturn:
        wanted = f'{self._size.cpus} CPUs and {self._size.gpus:g} GPUs'
        raise PredictionError(
            f'no Ray actor was ready within {self._asked.start_timeout:g} s; see ray status '
            f'for nodes with {wanted} to spare'
        )

    def dismiss(self) -> None:
        """End the actors, at work or not."""
        for actor in self._actors.values():
            self._ray.kill(actor, no_restart=True)
        self._actors.clear()
        self._calls.clear()
