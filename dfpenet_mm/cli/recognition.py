"""Recognise landslides in the scenes of a run: rasters of probability and mask."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm.cli.progress import StageProgress
from dfpenet_mm.cli.role_folder import RoleFolder
from dfpenet_mm.cli.settings import MappingSettings
from dfpenet_mm.mapping.executors.executor import BlockExecutor, BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling, build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.scene_source import SceneSource


@dataclass(frozen=True)
class Recogniser:
    """Maps scenes with one set of settings and one network.

    Args:
        settings: the ``mapping`` section of the config.
        scaling: fitted anew to every scene.
        network: what any worker builds the predictor from.
        executor: predicts blocks.
        area: the area to map; None for all of a scene.
        progress: shows one bar a scene.
    """

    settings: MappingSettings
    scaling: Scaling
    network: NetworkSource
    executor: BlockExecutor
    area: AreaOfInterest | None
    progress: StageProgress

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
    ) -> Recogniser:
        """Build what predicts; without an executor that is a network in this process.

        Raises:
            ConfigError: if the config's model, predictor, scaling or the device cannot work.
            CheckpointError: if the weights are unsafe or do not fit.
        """
        scaling = build_scaling(settings.scaling)
        network = NetworkSource.of(
            config, checkpoint=checkpoint, predictor=settings.predictor, device=device
        )
        # One network serves both scenes.
        executor = executor or LocalExecutor(predictor=network.build())
        return cls(settings, scaling, network, executor, area, progress)

    def __call__(
        self, scene: Scene, role: str, folder: Path
    ) -> tuple[dict[str, Path], dict[str, Any]]:
        """Map one scene, or what is left to be done of it.

        Args:
            scene: the open scene.
            role: ``post`` or ``pre``.
            folder: what an earlier run finished of it, and where to write the rasters.

        Returns:
            Paths of the rasters by the role that post-processing knows them by
            (``probability`` and ``mask``, or ``pre_probability`` and ``pre_mask``); and counts,
            times and the fitted scaling as plain JSON values.

        Raises:
            InputFileError: if the scene is damaged.
            OutputError: if the disk refuses.
        """
        kept = RoleFolder(folder)
        scaling = kept.fit_once(self.scaling, scene)
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
        return rasters, {**asdict(result), 'scaling': scaling.to_dict()}

    def _task(self, scene: Scene, scaling: FittedScaling) -> BlockTask:
        return BlockTask(
            scene=SceneSource.of(scene),
            plan=self.settings.plan(scene.shape),
            scaling=scaling,
            network=self.network,
            aoi=self.area,
        )
