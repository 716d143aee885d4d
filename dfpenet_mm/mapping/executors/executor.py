"""The task of predicting blocks, and the interface of all that carry it out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.plan.windows import Block, WindowPlan
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import SceneSource


@dataclass(frozen=True, kw_only=True)
class BlockTask:
    """Everything a worker needs to predict any block of a scene; it pickles.

    Two workers with equal tasks, packages and kind of machine give the same result for the same
    block: nothing in it depends on who predicts which block when.

    Args:
        scene: the raster.
        plan: windows over it; ``plan.block(index)`` is the unit of work.
        scaling: fitted once, before any block.
        network: what to predict with; None if the executor was given a predictor.
        aoi: the area to map, in the scene's CRS; None for all of it.
    """

    scene: SceneSource
    plan: WindowPlan
    scaling: FittedScaling
    network: NetworkSource | None = None
    aoi: AreaOfInterest | None = None

    def build_predictor(self) -> Predictor:
        """Build the predictor, once a worker: it loads the weights.

        Raises:
            DfpenetError: if it cannot be built.
        """
        if self.network is None:
            raise ConfigError('the task names no network; give it one, or the executor a predictor')
        return self.network.build()


class BlockExecutor(Protocol):
    """Predicts blocks, on one machine or many."""

    def __call__(
        self,
        task: BlockTask,
        blocks: Iterable[Block],
        on_windows: Callable[[int], None] | None = None,
    ) -> Generator[tuple[Block, BlockResult]]:
        """Predict blocks.

        The caller stores and merges what it is handed in a thread of its own, keeps results
        that come before their turn on the disk, and may stop early: closing the iterator must
        end the work within seconds and give everything back.

        Args:
            task: the scene and the network.
            blocks: which blocks of the plan, in the order of the plan.
            on_windows: told how many windows were settled (run or skipped), in all once for
                every window of ``blocks``; called from the thread that iterates.

        Yields:
            Every block once, in any order, as soon as it is predicted. Close to the plan's
            order is better: a block is merged when all before it are.

        Raises:
            DfpenetError: one sentence on what the user can mend; blocks handed out before
                stay valid.
        """
        ...
