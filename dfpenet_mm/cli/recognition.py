"""Recognise landslides in the scenes of a run: rasters of probability and mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm.cli.progress import StageProgress
from dfpenet_mm.cli.role_folder import RoleFolder
from dfpenet_mm.cli.settings import MappingSettings
from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.mapping.executors.executor import BlockExecutor, BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.network.load_model import NetworkSource
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource


def read_area(path: Path, scene: Scene) -> AreaOfInterest:
    """Read the area of interest; one of which the scene shows nothing is refused.

    Args:
        path: vector file in any CRS.
        scene: the post-event scene.

    Raises:
        InputFileError: if a file is missing or damaged.
        VectorFormatError: if the file has no CRS or no polygon.
        GridMismatchError: if no polygon reaches into the scene.
        EmptySceneError: if no pixel of the scene with its centre in the area is valid.
    """
    area = AreaOfInterest.read(path, scene.grid)
    if not any(
        inside.any() and (inside & scene.read(window)[1]).any()
        for window in scene.tiles()
        for inside in [area.inside(window)]
    ):
        raise EmptySceneError(
            f'the area of interest {path} holds no valid pixel of {scene.path}, so there is '
            f'nothing to map; give an area on the image, and larger than a pixel'
        )
    return area


@dataclass(frozen=True)
class Recogniser:
    """Maps scenes with one set of settings and one network.

    Args:
        settings: the ``mapping`` section of the config.
        network: what any worker builds the predictor from.
        executor: predicts blocks.
        area: the area to map; None for all of a scene.
        progress: shows one bar a scene.
        check_sources: called before a block is kept; raises if its file has changed.
    """

    settings: MappingSettings
    network: NetworkSource
    executor: BlockExecutor
    area: AreaOfInterest | None
    progress: StageProgress
    check_sources: Callable[[], None]

    @classmethod
    def load(
        cls,
        *,
        config: Config,
        settings: MappingSettings,
        checkpoint: Path,
        device: str,
        area: AreaOfInterest | None,
        executor: BlockExecutor | None,
        progress: StageProgress,
        check_sources: Callable[[], None],
    ) -> Recogniser:
        """Build what predicts; without an executor that is a network in this process.

        Raises:
            ConfigError: if the config's model, predictor or the device cannot work.
            CheckpointError: if the weights are unsafe or do not fit.
        """
        network = NetworkSource.of(
            config, checkpoint=checkpoint, predictor=settings.predictor, device=device
        )
        # One network serves both scenes.
        executor = executor or LocalExecutor(predictor=network.build())
        return cls(settings, network, executor, area, progress, check_sources)

    def __call__(
        self, scene: Scene, role: str, folder: Path, scaling: FittedScaling
    ) -> tuple[dict[str, Path], dict[str, Any]]:
        """Map one scene, or what is left to be done of it.

        Args:
            scene: the open scene.
            role: ``post`` or ``pre``.
            folder: what an earlier run finished of it, and where to write the rasters.
            scaling: fitted to the scene.

        Returns:
            Paths of the rasters by the role that post-processing knows them by
            (``probability`` and ``mask``, or ``pre_probability`` and ``pre_mask``); and counts,
            times and the scaling as plain JSON values.

        Raises:
            InputFileError: if the scene is damaged, or has changed since the run began.
            OutputError: if the disk refuses.
        """
        kept = RoleFolder(folder, self.check_sources)
        result = kept.result()
        if result is None:
            result = map_scene(
                scene=scene,
                task=self._task(scene, scaling),
                executor=self.executor,
                threshold=self.settings.threshold,
                probability=kept.probability,
                mask=kept.mask,
                store=kept.blocks,
                progress=self.progress.stage(f'recognise {role}-event image'),
            )
            kept.keep_result(result)
        prefix = '' if role == 'post' else f'{role}_'
        rasters = {f'{prefix}probability': kept.probability, f'{prefix}mask': kept.mask}
        return rasters, {**asdict(result), 'scaling': scaling.describe()}

    def _task(self, scene: Scene, scaling: FittedScaling) -> BlockTask:
        return BlockTask(
            scene=SceneSource.of(scene),
            plan=self.settings.plan(scene.shape),
            scaling=scaling,
            network=self.network,
            aoi=self.area,
        )
