"""The second step of a run: rasters of probability and mask from every image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.products.assembly import MappingResult
from dfpenet_mm.mapping.scene.novelty import Novelty
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import SceneSource
from dfpenet_mm.run.prepare import PreparedRun
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.record import FinishedWork
from dfpenet_mm.run.scene_pair import fit_scalings
from dfpenet_mm.run.trust import doubt_ground, look_at_ground


@dataclass(frozen=True)
class Recognition:
    """The rasters that the network made of the images.

    Args:
        rasters: paths by the role that post-processing knows them by: ``probability``, ``mask``,
            and with a pre-event image ``pre_probability`` and ``pre_mask``.
        scenes: counts, times and the scaling by role of the image, plain JSON values.
        histogram_match: what was decided about the two histograms; None without a pre-event
            image.
        novelty: how much of the post-event image is unlike the network's training ground; None
            where its card does not know that.
    """

    rasters: Mapping[str, Path]
    scenes: Mapping[str, Mapping[str, Any]]
    histogram_match: Mapping[str, Any] | None
    novelty: Novelty | None


def recognise(run: PreparedRun, progress: RunProgress) -> Recognition:
    """Map every image, or what an earlier run has left to be done of it.

    Args:
        run: as prepared.
        progress: times and shows the stages.

    Raises:
        InputFileError: if an image is damaged, or an input has changed since the run began.
        EmptySceneError: if an image has no contrast.
        OutputError: if the disk refuses.
    """
    finished = {role: FinishedWork(run.work.role(role), run.sources.check) for role in run.scenes}
    with progress.running('fit_scaling'):
        scalings, match = fit_scalings(
            scenes=run.scenes,
            scaling=run.scaling,
            match_histogram=run.settings.match_histogram,
            finished=finished,
            progress=progress.stage('compare the two images'),
        )
    with progress.running('look_at_ground'):
        novelty = look_at_ground(
            run.card,
            run.scenes['post'],
            scalings['post'],
            window=run.settings.window,
            area=run.area,
        )
    doubt = doubt_ground(novelty)
    if doubt:
        progress.warn(doubt)
    rasters: dict[str, Path] = {}
    scenes = {}
    for role, kept in finished.items():
        with progress.running(f'recognise_{role}'):
            result = _map(run, role, kept, scalings[role], progress)
        prefix = '' if role == 'post' else f'{role}_'
        rasters |= {f'{prefix}probability': kept.probability, f'{prefix}mask': kept.mask}
        scenes[role] = {**asdict(result), 'scaling': scalings[role].describe()}
    run.sources.check()
    return Recognition(rasters, scenes, match, novelty)


def _map(
    run: PreparedRun, role: str, kept: FinishedWork, scaling: FittedScaling, progress: RunProgress
) -> MappingResult:
    result = kept.result()
    if result is None:
        scene = run.scenes[role]
        result = map_scene(
            scene=scene,
            task=BlockTask(
                scene=SceneSource.of(scene),
                plan=run.settings.plan(scene.shape, scene.grid),
                scaling=scaling,
                network=run.network,
                aoi=run.area,
            ),
            executor=run.executor,
            threshold=run.settings.threshold,
            probability=kept.probability,
            mask=kept.mask,
            calibration=run.settings.platt,
            store=kept.blocks,
            progress=progress.stage(f'recognise {role}-event image'),
        )
        kept.keep_result(result)
    return result
