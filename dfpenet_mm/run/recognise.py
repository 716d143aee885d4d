"""Recognise landslides in the scenes of a run: rasters of probability and mask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm.errors import EmptySceneError, OutputError
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.executors.executor import BlockExecutor, BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.network.load_model import NetworkSource
from dfpenet_mm.mapping.products.assembly import MappingResult
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource
from dfpenet_mm.run.progress import StageProgress
from dfpenet_mm.run.record import sha256
from dfpenet_mm.run.settings import MappingSettings


class RoleFolder:
    """The folder of one scene of a run.

    Args:
        path: the folder; made if need be.
        before_write: called before a block is kept, see ``BlockStore``.

    Raises:
        OutputError: if it cannot be made.
    """

    def __init__(self, path: Path, before_write: Callable[[], None] | None = None) -> None:
        self._path = path
        self.blocks = BlockStore(path / 'blocks', before_write)
        self.probability = path / 'probability.tif'
        self.mask = path / 'mask.tif'

    def fit_once(self, scaling: Scaling, scene: Scene) -> FittedScaling:
        """Return the scaling that was fitted when the run began; fit it if none was."""
        kept = self._read('scaling.json')
        if kept:
            return FittedScaling.from_dict(kept)
        fitted = scaling.fit(scene)
        self._write('scaling.json', fitted.to_dict())
        return fitted

    def match_once(
        self, match: Callable[[], tuple[FittedScaling, dict[str, Any]]]
    ) -> tuple[FittedScaling, dict[str, Any]]:
        """Return the scaling and the decision that the run began with; call ``match`` if none."""
        kept = self._read('histogram_match.json')
        if kept:
            return FittedScaling.from_dict(kept['scaling']), kept['decision']
        scaling, decision = match()
        record = {'scaling': scaling.to_dict(), 'decision': decision}
        self._write('histogram_match.json', record)
        return scaling, decision

    def result(self) -> MappingResult | None:
        """Return what mapping came to, if both rasters were completed and are unharmed."""
        kept = self._read('result.json')
        if not kept:
            return None
        try:
            if kept['sha256'] != self._checksums():
                return None
        except OSError:
            return None
        return MappingResult(**kept['result'])

    def keep_result(self, result: MappingResult) -> None:
        """Record that both rasters are complete."""
        self._write('result.json', {'result': asdict(result), 'sha256': self._checksums()})

    def _checksums(self) -> list[str]:
        return [sha256(path) for path in (self.probability, self.mask)]

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return json.loads((self._path / name).read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        path = self._path / name
        partial = path.with_suffix('.partial')
        try:
            partial.write_text(json.dumps(values), encoding='utf-8')
            partial.replace(path)
        except OSError as error:
            raise OutputError(
                f'{path} cannot be written ({error.strerror or error}); free some space and run '
                f'again with --resume'
            ) from error


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
