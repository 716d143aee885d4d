"""Predict blocks on this machine, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.executors.block_pipeline import READERS, BlockPipeline
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.plan.windows import Block


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
