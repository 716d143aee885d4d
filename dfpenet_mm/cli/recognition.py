"""Recognise landslides in the scenes of a run: rasters of probability and mask."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm.cli.progress import StageProgress
from dfpenet_mm.cli.settings import MappingSettings
from dfpenet_mm.mapping.load_model import load_model
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.predictor import Predictor, build_predictor
from dfpenet_mm.mapping.scaling import Scaling, build_scaling
from dfpenet_mm.mapping.scene import Scene


@dataclass(frozen=True)
class Recogniser:
    """Maps scenes with one set of settings and one network.

    Args:
        settings: the ``mapping`` section of the config.
        scaling: fitted anew to every scene.
        predictor: the network.
        progress: shows one bar a scene.
    """

    settings: MappingSettings
    scaling: Scaling
    predictor: Predictor
    progress: StageProgress

    @classmethod
    def load(
        cls,
        *,
        config: Config,
        settings: MappingSettings,
        checkpoint: Path,
        device: str,
        progress: StageProgress,
    ) -> Recogniser:
        """Build the network and load its weights.

        Raises:
            ConfigError: if the config's model, predictor, scaling or the device cannot work.
            CheckpointError: if the weights are unsafe or do not fit.
        """
        scaling = build_scaling(settings.scaling)
        model = load_model(config, checkpoint, device)
        predictor = build_predictor(settings.predictor, model=model, device=device)
        return cls(settings, scaling, predictor, progress)

    def __call__(
        self, scene: Scene, role: str, folder: Path
    ) -> tuple[dict[str, Path], dict[str, Any]]:
        """Map one scene.

        Args:
            scene: the open scene.
            role: ``post`` or ``pre``.
            folder: where to write the rasters.

        Returns:
            Paths of the rasters by the role that post-processing knows them by
            (``probability`` and ``mask``, or ``pre_probability`` and ``pre_mask``); and counts,
            times and the fitted scaling as plain JSON values.

        Raises:
            InputFileError: if the scene is damaged.
            OutputError: if the disk refuses.
        """
        prefix = '' if role == 'post' else f'{role}_'
        probability, mask = f'{prefix}probability', f'{prefix}mask'
        rasters = {name: folder / f'{name}.tif' for name in (probability, mask)}
        scaling = self.scaling.fit(scene)
        result = map_scene(
            scene=scene,
            scaling=scaling,
            predictor=self.predictor,
            window=self.settings.window,
            stride=self.settings.stride,
            batch_size=self.settings.batch_size,
            threshold=self.settings.threshold,
            probability=rasters[probability],
            mask=rasters[mask],
            progress=self.progress.stage(f'recognise {role}-event image'),
        )
        return rasters, {**asdict(result), 'scaling': scaling.to_dict()}
