"""The actor of a Ray cluster: predicts blocks with a model and a scene of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue

import rasterio

from dfpenet_mm import __version__
from dfpenet_mm.errors import InstallError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import BlockPipeline
from dfpenet_mm.mapping.plan.windows import Block
from dfpenet_mm.mapping.scene.batch_reader import CACHE_BYTES
from dfpenet_mm.processor import set_thread_count


def task_here(task: BlockTask) -> BlockTask:
    """Return the task for the one GPU that an actor sees, which is number 0 to it."""
    if task.network is None or not str(task.network.device).startswith('cuda'):
        return task
    return replace(task, network=replace(task.network, device='cuda:0'))


class RayWorker:
    """A worker whose methods an executor calls from afar.

    Blocks that were asked for wait in a queue, from which one thread predicts them as a stream:
    the next block is read while the one before it is predicted.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[Block, Future[BlockResult]]] = SimpleQueue()
        self._turns: deque[Future[BlockResult]] = deque()

    def start(self, task: BlockTask, threads: int, version: str) -> None:
        """Build the model and open the scene.

        Args:
            task: the scene and how to predict it.
            threads: of the network.
            version: of this package where the run was started.

        Raises:
            InstallError: if another version of this package is installed here.
            DfpenetError: if the predictor cannot be built.
        """
        if version != __version__:
            raise InstallError(
                f'a worker has dfpenet_mm {__version__}, the run was started with {version}; '
                f'install the same packages on every node'
            )
        ready: Future[None] = Future()
        # GDAL's settings and recorded CUDA graphs belong to the thread that made them.
        arguments = (task_here(task), threads, ready)
        threading.Thread(target=self._work, args=arguments, name='predict', daemon=True).start()
        ready.result()

    def predict(self, index: int) -> BlockResult:
        """Predict a block of the plan.

        Args:
            index: its place in the plan.

        Returns:
            Its result.

        Raises:
            DfpenetError: what predicting on one machine raises.
        """
        turn: Future[BlockResult] = Future()
        self._asked.put((self._plan.block(index), turn))
        return turn.result()

    def _work(self, task: BlockTask, threads: int, ready: Future[None]) -> None:
        try:
            set_thread_count(threads)
            self._plan = task.plan
            pipeline = BlockPipeline(task)
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), pipeline:
            while True:
                self._predict_stream(pipeline)

    def _predict_stream(self, pipeline: BlockPipeline) -> None:
        try:
            for _, result in pipeline.run(self._stream()):
                self._turns.popleft().set_result(result)
        except BaseException as error:
            # Blocks read ahead are lost with the one that failed: the run ends with it.
            while self._turns:
                self._turns.popleft().set_exception(error)

    def _stream(self) -> Iterator[Block]:
        # To wait for a block here would keep those read before it from being predicted.
        block, turn = self._asked.get()
        while True:
            self._turns.append(turn)
            yield block
            try:
                block, turn = self._asked.get_nowait()
            except Empty:
                return
