"""Map a scene: predict its blocks, keep them, blend them and write the products."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Generic, Self, TypeVar

import rasterio

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.executors.executor import BlockExecutor, BlockTask
from dfpenet_mm.mapping.products.assembly import Assembly, MappingResult
from dfpenet_mm.mapping.products.writer import open_products
from dfpenet_mm.mapping.scene.batch_reader import CACHE_BYTES
from dfpenet_mm.mapping.scene.scene import Scene

Item = TypeVar('Item')


class Background(Generic[Item]):
    """Calls a function for one item after the other in a thread, a few items behind.

    Use it as a context manager: leaving it, after an error too, waits until all items handed in
    are worked off. What the function raises ends the work, and comes out of ``put`` or at the end.

    Args:
        consume: called with each item, in order.
        depth: most items that wait; ``put`` blocks beyond.
    """

    def __init__(self, consume: Callable[[Item], None], depth: int) -> None:
        self._consume = consume
        self._depth = depth
        self._pending: deque[Future[None]] = deque()
        self._failed = False
        self._thread = ThreadPoolExecutor(1, 'background')

    def put(self, item: Item) -> None:
        """Hand in an item.

        Raises:
            Exception: what the function raised for an earlier one.
        """
        while self._pending and (self._pending[0].done() or len(self._pending) > self._depth):
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._work, item))

    def _work(self, item: Item) -> None:
        if self._failed:
            return
        try:
            self._consume(item)
        except BaseException:
            self._failed = True
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown()
        if kind is None:
            for future in self._pending:
                future.result()


# Blocks that wait to be kept and merged: one, so that a row of tiles being compressed does not
# hold up the predictor, and one more for a slow disk.
BEHIND = 2


def map_scene(
    *,
    scene: Scene,
    task: BlockTask,
    executor: BlockExecutor,
    threshold: float,
    probability: str | Path,
    mask: str | Path,
    calibration: PlattScaling | None = None,
    store: BlockStore | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MappingResult:
    """Predict a scene into two rasters on its grid.

    Memory holds a few times ``window x width`` pixels and GDAL's cache of ``CACHE_BYTES``,
    whatever the height of the scene. The rasters' pixels depend on the task, the calibration and
    the threshold only: not on the executor, nor on which blocks the store held before.

    Args:
        scene: the open scene that the task names.
        task: the scene, the plan and how to predict.
        executor: predicts the blocks.
        threshold: smallest probability of a landslide pixel, calibrated, in (0, 1].
        probability: where to write the probability: float32, NaN on nodata.
        mask: where to write the mask: uint8, 0 background, 1 landslide, 255 nodata.
        calibration: of the network's probability; None to write it as it is.
        store: keeps every block that is finished; blocks it holds are not predicted again.
            They must come from an equal task.
        progress: called with the windows settled and their total.

    Returns:
        Counts of windows and pixels, and the predictor's time.

    Raises:
        ConfigError: if a number is out of its range.
        InputFileError: if the scene cannot be read to its end.
        PredictionError: if the predictor returns no probability.
        OutputError: if the rasters or the store cannot be written. After any error both rasters
            are as before, and the store keeps the blocks that were finished.
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f'threshold is {threshold}; give a probability in (0, 1]')
    plan = task.plan
    finished = store.finished() if store else set()
    missing = (plan.block(index) for index in range(plan.block_count) if index not in finished)
    settled = 0

    def advance(windows: int) -> None:
        nonlocal settled
        settled += windows
        if progress and windows:
            progress(settled, len(plan))

    advance(sum(plan.window_count(index) for index in finished))
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        open_products(probability=Path(probability), mask=Path(mask), grid=scene.grid) as products,
    ):
        assembly = Assembly(
            plan=plan,
            products=products,
            threshold=threshold,
            calibration=calibration,
            store=store,
            finished=finished,
        )
        with (
            Background(assembly.add, BEHIND) as background,
            closing(executor(task, missing, advance)) as predicted,
        ):
            background.put(None)
            for found in predicted:
                background.put(found)
    return assembly.total
