"""The cost of scheduling on Ray: many actors, many blocks, and a predictor that only sleeps.

Example:
    python benchmarks/ray_scheduling.py --actors 64 --blocks 10000 --seconds 2
    python benchmarks/ray_scheduling.py --actors 64 --blocks 10000 --seconds 18 --simulate 3.0

The first line runs Ray itself, through the executor of ``landslide-map --launcher ray``; only
what an actor does is replaced by sleeping. ``--simulate MS`` runs no Ray: the same scheduler is
driven by a clock of events, and the loop that hands out blocks is busy for MS milliseconds with
each block, as ``driver_ms_per_block`` of a run with Ray has measured it.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

# A script finds its own folder alone; it must also run in a checkout that is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dfpenet_mm.installation import quiet_libraries

with quiet_libraries():
    from dfpenet_mm.mapping.executors.pull_schedule import PullSchedule
    from dfpenet_mm.mapping.executors.ray_cluster import import_ray
    from dfpenet_mm.mapping.executors.ray_executor import RayExecutor
    from dfpenet_mm.mapping.plan.windows import WindowPlan

# Blocks with an actor at once: what the executor chooses for blocks of four batches and more.
IN_FLIGHT = 2
# Blocks an actor before the clock starts: by then all actors take part, and not in step.
WARM_UP = 4


class SleepingTask(SimpleNamespace):
    """A task whose actors import none of the mapping engine: 64 of them fit one machine."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the plan out."""
        return SimpleNamespace, (), {'seconds': self.seconds}


class SleepingWorker:
    """An actor that takes as long as a network, and leaves the cores to others."""

    def start(self, task: SimpleNamespace, *_: object) -> None:
        """Keep what to do."""
        self._seconds = task.seconds
        self._last = time.monotonic()

    def predict(self, _: int) -> SimpleNamespace:
        """Sleep; blocks come one after the other, though calls overlap."""
        begin = max(self._last, time.monotonic())
        self._last = begin + self._seconds
        time.sleep(max(0.0, self._last - time.monotonic()))
        levels, valid = np.zeros((8, 8), np.uint16), np.ones((8, 8), bool)
        return SimpleNamespace(
            levels=levels, valid=valid, windows_run=1, seconds_predicted=self._seconds
        )


def run_on_ray(actors: int, blocks: int, seconds: float) -> dict[str, float]:
    """Time the blocks after all actors are ready."""
    plan = WindowPlan((8, 8 * (blocks + WARM_UP * actors)), 8, 8, block_windows=1)
    task = SleepingTask(plan=plan, network=None, seconds=seconds)
    execute = RayExecutor(
        actors=actors, cpus_per_actor=1, in_flight=IN_FLIGHT, worker=SleepingWorker
    )
    results = execute(task, plan.blocks)
    for _ in range(WARM_UP * actors):
        next(results)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    done = sum(1 for _ in results)
    wall, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return {'wall_s': wall, 'driver_ms_per_block': 1000 * cpu / done}


def simulate(actors: int, blocks: int, seconds: float, handling: float) -> dict[str, float]:
    """Drive the scheduler by events; ``handling`` is the time of the loop for a block, seconds."""
    plan = WindowPlan((8, 8 * blocks), 8, 8, block_windows=1)
    schedule = PullSchedule(plan.blocks, in_flight=IN_FLIGHT)
    for actor in range(actors):
        schedule.add(actor)
    free = [0.0] * actors  # when an actor has done all it was given
    clock, running = 0.0, []
    while not schedule.finished:
        for actor, block in schedule.assign():
            free[actor] = max(free[actor], clock) + seconds
            heapq.heappush(running, (free[actor], block.index, actor))
        end, index, actor = heapq.heappop(running)
        clock = max(clock, end) + handling
        schedule.done(actor, plan.block(index))
    return {'wall_s': clock}


def main() -> None:
    """Run and print a JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--actors', type=int, default=64)
    parser.add_argument('--blocks', type=int, default=10_000)
    parser.add_argument('--seconds', type=float, default=2.0, help='what a block takes')
    parser.add_argument('--simulate', type=float, metavar='MS', help='no Ray: ms of the loop')
    args = parser.parse_args()
    if args.simulate is None:
        measured = {'how': f'ray {import_ray().__version__}'}
        measured |= run_on_ray(args.actors, args.blocks, args.seconds)
    else:
        measured = {'how': f'simulated, {args.simulate:g} ms a block'}
        measured |= simulate(args.actors, args.blocks, args.seconds, args.simulate / 1000)
    ideal = args.blocks * args.seconds / args.actors
    overhead = measured['wall_s'] / ideal - 1
    print(
        json.dumps(vars(args) | measured | {'ideal_s': ideal, 'overhead_percent': 100 * overhead})
    )


if __name__ == '__main__':
    main()
