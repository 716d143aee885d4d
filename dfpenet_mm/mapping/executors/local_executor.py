"""Predict blocks in this process, with threads that read ahead of the predictor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

import rasterio

from dfpenet_mm.mapping.blocks.block import BlockBlender, BlockBuilder, BlockResult
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.plan.windows import Block
from dfpenet_mm.mapping.scene.batch_reader import Batch, BatchReader

# One thread decodes 30 to 100 Mpx/s, far more than a network on the same machine takes; a
# second one would decode again what two windows share.
READERS = 1
# Batches read, or being read, before their turn: the next one, and one for a slow disk.
AHEAD = 2


class BlockPipeline(AbstractContextManager):
    """A worker: predicts the blocks of one task one after the other.

    Use it as a context manager, or call ``close``. Chips of ``readers + AHEAD`` batches are in
    memory at once.

    Args:
        task: the scene and how to predict it.
        predictor: in place of the one that the task names.
        readers: threads that read.

    Raises:
        DfpenetError: if the predictor cannot be built.
    """

    def __init__(
        self, task: BlockTask, *, predictor: Predictor | None = None, readers: int = READERS
    ) -> None:
        self._predictor = predictor or task.build_predictor()
        self._blender = BlockBlender(task.plan)
        self._reader = BatchReader(
            scene=task.scene, scaling=task.scaling, window=task.plan.window, aoi=task.aoi
        )
        self._ahead = readers + AHEAD
        self._threads = ThreadPoolExecutor(readers, 'read-scene')

    def run(
        self, blocks: Iterable[Block], on_windows: Callable[[int], None] | None = None
    ) -> Generator[tuple[Block, BlockResult]]:
        """Predict blocks.

        Args:
            blocks: blocks of the task's plan.
            on_windows: told how many windows were settled, after every batch.

        Yields:
            Each block with its result, in the order given.

        Raises:
            InputFileError: if the scene cannot be read.
            PredictionError: if the predictor returns no probability.
        """
        reading: deque[tuple[Block, bool, Future[Batch]]] = deque()
        builder: BlockBuilder | None = None
        work = self._batches(blocks)
        try:
            while True:
                # The generator submits one batch each time it is asked.
                while len(reading) < self._ahead and (item := next(work, None)):
                    reading.append(item)
                if not reading:
                    return
                block, last, future = reading.popleft()
                builder = builder or BlockBuilder(block, self._blender)
                batch = future.result()
                builder.add(batch, self._predictor)
                if on_windows:
                    on_windows(len(batch.windows))
                if last:
                    result, builder = builder.result(), None
                    yield block, result
        finally:
            for _, _, future in reading:
                future.cancel()

    def _batches(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, bool, Future[Batch]]]:
        for block in blocks:
            batches = block.batches
            for index, windows in enumerate(batches):
                future = self._threads.submit(self._read, windows)
                yield block, index == len(batches) - 1, future

    def _read(self, windows: tuple) -> Batch:
        # GDAL's settings belong to a thread.
        with rasterio.Env():
            return self._reader.read(windows)

    def close(self) -> None:
        """End the threads and close the scene."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._reader.close()

    def __exit__(self, *_: object) -> None:
        self.close()


class LocalExecutor:
    """A ``BlockExecutor`` that hands out blocks in the plan's order.

    The predictor runs in the thread that iterates, reading in threads beside it.

    Args:
        predictor: a predictor to use for every task, built once; None builds the task's.
        readers: threads that read the scene.
    """

    def __init__(self, *, predictor: Predictor | None = None, readers: int = READERS) -> None:
        self._predictor = predictor
        self._readers = readers

    def __call__(
        self,
        task: BlockTask,
        blocks: Iterable[Block],
        on_windows: Callable[[int], None] | None = None,
    ) -> Generator[tuple[Block, BlockResult]]:
        """Predict blocks; see ``BlockExecutor``."""
        with BlockPipeline(task, predictor=self._predictor, readers=self._readers) as pipeline:
            yield from pipeline.run(blocks, on_windows)
