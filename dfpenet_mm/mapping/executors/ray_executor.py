"""Predict blocks on the nodes of a Ray cluster."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import AHEAD, READERS
from dfpenet_mm.mapping.executors.pull_schedule import PullSchedule
from dfpenet_mm.mapping.executors.ray_cluster import cluster, import_ray, places
from dfpenet_mm.mapping.executors.ray_crew import CrewSize, RayCrew
from dfpenet_mm.mapping.executors.ray_worker import RayWorker
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan
from dfpenet_mm.processor import thread_count

# A pixel of a block: its level and whether it is valid.
PIXEL_BYTES = 3


@dataclass(frozen=True, kw_only=True)
class RayExecutor:
    """A ``BlockExecutor`` of actors, each with a model and a handle of the scene of its own.

    Every block is predicted as on one machine, so results are equal to a local run's wherever
    kind of machine, packages and number of threads are. An actor that is lost is replaced, and
    its blocks are predicted again. Results are fetched when it is their turn, so the memory
    that they wait in holds at most the blocks in flight.

    Args:
        address: of a running cluster, such as ``auto`` or ``10.0.0.1:6379``; None starts one on
            this machine for as long as blocks are predicted.
        actors: how many; None for as many as the cluster has room for.
        cpus_per_actor: cores of an actor, and threads of its network; None for as many
            threads as PyTorch would use here, or 1 beside a GPU.
        gpus_per_actor: GPUs of an actor, parts of one too; None for 1 if the task's device is
            CUDA, else 0.
        in_flight: most blocks with an actor at once; None for as many as keep it from waiting.
        attempts: actors that one block may cost.
        start_timeout: seconds in which the first actor must be ready.
        worker: what an actor is, for tests and benchmarks.

    Raises:
        ConfigError: if a number is out of its range.
        InstallError: if Ray is not installed.
    """

    address: str | None = None
    actors: int | None = None
    cpus_per_actor: int | None = None
    gpus_per_actor: float | None = None
    in_flight: int | None = None
    attempts: int = 3
    start_timeout: float = 600.0
    worker: type = RayWorker

    def __post_init__(self) -> None:
        for name in ('actors', 'cpus_per_actor', 'in_flight', 'attempts'):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f'{name} is {value}; give at least 1')
        if self.gpus_per_actor is not None and self.gpus_per_actor < 0:
            raise ConfigError(f'gpus_per_actor is {self.gpus_per_actor}; give 0 or more')
        import_ray()

    def __call__(
        self,
        task: BlockTask,
        blocks: Iterable[Block],
        on_windows: Callable[[int], None] | None = None,
    ) -> Generator[tuple[Block, BlockResult]]:
        """Predict blocks; see ``BlockExecutor``.

        Raises:
            ConfigError: if the cluster cannot be reached, or has no room for an actor.
            PredictionError: if a block keeps killing its actor, or none starts.
            DfpenetError: what predicting on one machine raises.
        """
        cpus, gpus = self._size_of_actor(task)
        in_flight = self.in_flight or blocks_in_flight(task.plan)
        schedule = PullSchedule(blocks, in_flight=in_flight)
        if schedule.finished:
            return  # resumed with nothing left: no cluster is needed
        actors_here = self.actors or max(1, (os.cpu_count() or 1) // cpus)
        with cluster(
            address=self.address,
            cpus=self.actors and self.actors * cpus,
            gpus=self.actors and math.ceil(self.actors * gpus),
            store_bytes=2 * actors_here * in_flight * _largest_block(task.plan),
        ) as ray:
            actors = self.actors or self._room(ray, cpus, gpus)
            size = CrewSize(actors=actors, cpus=cpus, gpus=gpus, in_flight=in_flight)
            crew = RayCrew(ray=ray, task=task, size=size, asked=self)
            try:
                for block, result in crew.run(schedule, on_windows):
                    yield block, _owned(result)
            finally:
                crew.dismiss()

    def _size_of_actor(self, task: BlockTask) -> tuple[int, float]:
        on_gpu = task.network is not None and str(task.network.device).startswith('cuda')
        gpus = float(on_gpu) if self.gpus_per_actor is None else self.gpus_per_actor
        return self.cpus_per_actor or (1 if gpus else thread_count()), gpus

    def _room(self, ray: ModuleType, cpus: int, gpus: float) -> int:
        room = places(ray, cpus=cpus, gpus=gpus)
        if not room:
            raise ConfigError(
                f'no node of the Ray cluster has the {cpus} CPUs and {gpus:g} GPUs of an actor; '
                f'give fewer a piece, or see ray status for what the nodes have'
            )
        return room


def blocks_in_flight(plan: WindowPlan) -> int:
    """Count the blocks that an actor needs so that it can read ahead across blocks.

    Args:
        plan: of the scene.

    Returns:
        Blocks for the batch at work and those read ahead, and one on its way.
    """
    return 1 + math.ceil((1 + AHEAD + READERS) / len(plan.block(0).batches))


def _largest_block(plan: WindowPlan) -> int:
    block = plan.block(0)
    return block.width * block.height * PIXEL_BYTES


def _owned(result: BlockResult) -> BlockResult:
    """Copy a result out of the object store, which it would fill as long as it is kept."""
    return BlockResult(
        np.array(result.levels),
        np.array(result.valid),
        result.windows_run,
        result.seconds_predicted,
    )
