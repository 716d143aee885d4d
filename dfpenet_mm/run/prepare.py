"""The first step of a run: every input, the device and the folder are checked, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

from dfpenet_mm.errors import ConfigError, EmptySceneError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.mapping.executors.executor import BlockExecutor
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.network.card import NetworkCard
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.registration.shift import MeasuredShift
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.batch_reader import CACHE_BYTES
from dfpenet_mm.mapping.scene.scaling import Scaling, build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.backend import set_backend
from dfpenet_mm.run.folder import check_output_folder, staging_folder
from dfpenet_mm.run.masked import mask_doubts
from dfpenet_mm.run.network_choice import NetworkChoice, network_for
from dfpenet_mm.run.placed import placing_doubt
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import provenance, resolved_settings
from dfpenet_mm.run.record import keep_or_check, run_record
from dfpenet_mm.run.request import (
    RunRequest,
    SourceWatch,
    files_behind,
    quantised_input,
    require_files,
)
from dfpenet_mm.run.scene_pair import check_images, check_shift
from dfpenet_mm.run.settings import MappingSettings, postproc_hooks
from dfpenet_mm.run.trust import describe_probability, doubt_probability, set_calibration
from dfpenet_mm.run.work_folder import WorkFolder
from dfpenet_mm.run.working_pixels import WorkingPixels, look_at_pre
from postproc.pipeline import PostprocPipeline
from postproc.registry import EarlyInputs


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run of which nothing but the work is left to do.

    Args:
        request: as asked for.
        settings: the ``mapping`` section of the config.
        scaling: from the values of an image to those of the training.
        pipeline: the post-processing.
        network: names the network, for any worker.
        executor: predicts blocks with it.
        choice: why this backend runs; None where somebody named it.
        card: whatever the network states about itself; None without one.
        probability: calibration and threshold, and where they are from, plain JSON values.
        network_choice: where the network comes from, and its card.
        pixels: those in which the scene is mapped.
        scenes: the open images by role, the pre-event one on the grid of the other.
        area: the area to map; None for all of the scene.
        shift: of the pre-event image; None without one.
        doubts: one sentence for everything that may be wrong with the images.
        sources: notices when an input changes.
        work: the folder of the run until it is complete.
        origin: where the products come from.
    """

    request: RunRequest
    settings: MappingSettings
    scaling: Scaling
    pipeline: PostprocPipeline
    network: NetworkSource
    executor: BlockExecutor
    choice: str | None
    card: NetworkCard | None
    probability: Mapping[str, Any]
    network_choice: NetworkChoice
    pixels: WorkingPixels
    scenes: Mapping[str, Scene]
    area: AreaOfInterest | None
    shift: MeasuredShift | None
    doubts: tuple[str, ...]
    sources: SourceWatch
    work: WorkFolder
    origin: Mapping[str, Any]

    @property
    def grid(self) -> RasterGrid:
        """Grid of the scene and of every product."""
        return self.scenes['post'].grid


@contextmanager
def prepared(
    request: RunRequest,
    progress: RunProgress,
    build: Callable[[NetworkSource], Predictor] = NetworkSource.build,
) -> Iterator[PreparedRun]:
    """Check everything that is asked for, and open it while the body works.

    Args:
        request: of the run.
        progress: times the stages.
        build: gives what predicts, for runs that share it.

    Yields:
        The run. When the body succeeds, what it wrote into the folder of products appears in
        the output folder.

    Raises:
        DfpenetError: one sentence on whatever in the input, config or output cannot work.
    """
    progress.say(f'products go to {request.folder}')
    cluster = _ray_executor(request)
    files = request.by_role()
    require_files(files)
    chosen, config, pixels = network_for(request)
    # That an image stays as it is nobody has to know.
    (progress.tell if pixels.grid else progress.say)(pixels.sentence)
    files |= chosen.files
    sources = SourceWatch(files.values())
    # Trying backends takes its time: whatever is cheap to know comes first.
    check_output_folder(
        request.folder,
        overwrite=request.overwrite,
        resume=request.resume,
        inputs=[*files.values(), *([request.quantised] if request.quantised else [])],
    )
    device = find_device(request.device)
    with progress.running('choose_backend'), quiet_libraries():
        choice = set_backend(
            config, request, device, checkpoint=chosen.checkpoint, grid=pixels.grid
        )
    if choice:
        progress.tell(choice)
    settings = MappingSettings.from_config(config)
    scaling = build_scaling(settings.scaling)
    pipeline = PostprocPipeline(postproc_hooks(config))
    files |= quantised_input(settings.predictor)
    sources.add(files.values())
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES))
        scenes = _open_scenes(request, settings.reading, pixels.grid, stack)
        grid = scenes['post'].grid
        set_calibration(config, chosen.card, grid.gsd, request)
        settings = MappingSettings.from_config(config)
        doubts = [
            *filter(
                None,
                [
                    placing_doubt(request),
                    pixels.doubt,
                    _doubt_pre(scenes, request, pixels),
                    doubt_probability(settings, request, chosen.checkpoint.stem),
                ],
            ),
            *mask_doubts(request),
            *check_images(scenes, settings),
        ]
        for doubt in doubts:
            progress.warn(doubt)
        progress.expect(grid.shape[0] * grid.shape[1], pre=request.pre is not None)
        behind = files_behind(request.by_role())
        sources.add(path for paths in behind.values() for path in paths)
        pipeline.check(EarlyInputs(grid=grid, reference=request.reference, layers=request.layers))
        area = read_area(request.aoi, scenes['post']) if request.aoi else None
        with progress.running('measure_shift'):
            shift = check_shift(scenes, settings.max_shift_m)
        with progress.running('load'):
            network = NetworkSource.of(
                config,
                checkpoint=chosen.checkpoint,
                predictor=settings.predictor,
                device=device,
            )
            # One network serves both scenes.
            executor = cluster or LocalExecutor(predictor=build(network))
            origin = provenance(
                inputs={'config': Path(str(config.filename)), **files},
                settings={
                    **resolved_settings(config),
                    'device': device,
                    'pixels': pixels.to_dict(),
                },
                command=request.command,
            )
        # Whatever was read before its checksum was taken may be of another file.
        sources.check()
        work = stack.enter_context(
            staging_folder(request.folder, overwrite=request.overwrite, resume=request.resume)
        )
        _keep_record(work, origin, behind)
        if work.unlocked:
            progress.warn(work.unlocked)
            doubts.append(work.unlocked)
        yield PreparedRun(
            request=request,
            settings=settings,
            scaling=scaling,
            pipeline=pipeline,
            network=network,
            executor=executor,
            choice=choice,
            card=chosen.card,
            probability=describe_probability(settings, chosen.card, request),
            network_choice=chosen,
            pixels=pixels,
            scenes=scenes,
            area=area,
            shift=shift,
            doubts=tuple(doubts),
            sources=sources,
            work=work,
            origin=origin,
        )
        sources.check()


def _ray_executor(request: RunRequest) -> BlockExecutor | None:
    """Return what predicts blocks on several machines; None for this process."""
    if request.launcher == 'ray':
        from dfpenet_mm.mapping.executors.ray_executor import RayExecutor  # noqa: PLC0415

        return RayExecutor(address=request.address, actors=request.actors)
    if request.address or request.actors:
        raise ConfigError(
            '--address or --actors was given without --launcher ray; give it too, or neither'
        )
    return None


def _open_scenes(
    request: RunRequest, reading: Mapping[str, Any], grid: RasterGrid | None, stack: ExitStack
) -> dict[str, Scene]:
    post = stack.enter_context(Scene(request.post, **reading, grid=grid))
    if request.pre is None:
        return {'post': post}
    pre = stack.enter_context(Scene(request.pre, **reading, grid=post.grid))
    return {'post': post, 'pre': pre}


def _doubt_pre(
    scenes: Mapping[str, Scene], request: RunRequest, pixels: WorkingPixels
) -> str | None:
    if request.pre is None:
        return None
    gsd = scenes['pre'].own_grid.gsd
    return look_at_pre(gsd, pixels, request.pre.name, force=request.force)


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


def _keep_record(
    work: WorkFolder, origin: Mapping[str, Any], behind: dict[str, list[Path]]
) -> None:
    described = {name: origin[name] for name in ('inputs', 'settings', 'versions')}
    keep_or_check(work.record, run_record(sources=behind, **described))
