"""The main job: two images in, a landslide inventory out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import rasterio
from mmengine.config import Config

from dfpenet_mm.cli.output_folder import (
    SUMMARY,
    check_output_folder,
    disk_errors,
    staging_folder,
)
from dfpenet_mm.cli.progress import StageProgress
from dfpenet_mm.cli.provenance import provenance, resolved_settings
from dfpenet_mm.cli.rasters import write_rasters
from dfpenet_mm.cli.recognition import Recogniser
from dfpenet_mm.cli.run_record import keep_or_check, run_record
from dfpenet_mm.cli.settings import MappingSettings, postproc_hooks
from dfpenet_mm.cli.summary import summarise, write_summary
from dfpenet_mm.errors import InputFileError
from dfpenet_mm.mapping.executors.executor import BlockExecutor
from dfpenet_mm.mapping.mapper import CACHE_BYTES
from dfpenet_mm.mapping.network.device import find_device
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scene import Scene
from postproc.masks.final_mask import write_final_mask
from postproc.masks.polygonise import polygonise
from postproc.pipeline import PostprocPipeline
from postproc.product import LandslideProduct


@dataclass(frozen=True, kw_only=True)
class MappingInputs:
    """The files of a run.

    Args:
        post: image after the event.
        pre: image before it, or None.
        reference: inventory to evaluate against, or None.
        aoi: polygons of the area to map, or None for all of the scene.
        checkpoint: weights that fit the config.
    """

    post: Path
    pre: Path | None = None
    reference: Path | None = None
    aoi: Path | None = None
    checkpoint: Path

    def check_exist(self) -> None:
        """Raise ``InputFileError`` for the first file that is missing."""
        for role, path in asdict(self).items():
            if path is not None and not path.exists():
                raise InputFileError(f'{role} file {path} does not exist; check its path')

    def open_scenes(self, bands: Sequence[int], stack: ExitStack) -> dict[str, Scene]:
        """Open the images by role, the pre-event one on the post-event one's grid."""
        post = stack.enter_context(Scene(self.post, bands=bands))
        if self.pre is None:
            return {'post': post}
        pre = stack.enter_context(Scene(self.pre, bands=bands, grid=post.grid))
        return {'post': post, 'pre': pre}


@dataclass(frozen=True)
class LandslideRun:
    """What a run came to.

    Args:
        summary: plain JSON values, as in ``summary.json``.
        files: the products.
    """

    summary: Mapping[str, Any]
    files: tuple[Path, ...]


@dataclass
class _Stopwatch:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def map_landslides(
    *,
    config: Config,
    inputs: MappingInputs,
    out: Path,
    device: str,
    overwrite: bool,
    resume: bool = False,
    executor: BlockExecutor | None = None,
    command: Sequence[str],
    progress: StageProgress,
) -> LandslideRun:
    """Recognise landslides in a scene and turn them into an inventory.

    Args:
        config: the network, its ``mapping`` section and its ``postproc`` list.
        inputs: the files.
        out: folder of the products: ``probability.tif``, ``mask.tif``, ``summary.json``, what
            the hooks write, and with a pre-event image ``pre_probability.tif`` and
            ``pre_mask.tif``. They appear there together, when all are complete.
        device: where the network runs, such as ``auto``, ``cpu`` or ``cuda:0``.
        overwrite: allow products of an earlier run to be replaced, and its unfinished work to be
            thrown away.
        resume: continue an earlier run that did not come to its end, if there is any.
        executor: predicts the blocks of a scene; None for this process.
        command: the command line, for the provenance.
        progress: where to show how far the run is.

    Returns:
        What it came to.

    Raises:
        DfpenetError: one sentence on whatever in the input, config or output cannot work.
    """
    watch = _Stopwatch()
    settings = MappingSettings.from_config(config)
    pipeline = PostprocPipeline(postproc_hooks(config))
    inputs.check_exist()
    files = [path for path in asdict(inputs).values() if path is not None]
    check_output_folder(out, overwrite=overwrite, resume=resume, inputs=files)
    device = str(find_device(device))
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES))
        scenes = inputs.open_scenes(settings.bands, stack)
        grid = scenes['post'].grid
        pipeline.check(inputs.reference, grid)
        area = AreaOfInterest.read(inputs.aoi, grid) if inputs.aoi else None
        with watch.stage('load'):
            recognise = Recogniser.load(
                config=config,
                settings=settings,
                checkpoint=inputs.checkpoint,
                device=device,
                area=area,
                executor=executor,
                progress=progress,
            )
            origin = provenance(
                inputs={'config': Path(config.filename), **asdict(inputs)},
                settings={**resolved_settings(config), 'device': device},
                command=command,
            )
        work = stack.enter_context(staging_folder(out, overwrite=overwrite, resume=resume))
        keep_or_check(
            work.record,
            run_record(
                inputs=origin['inputs'],
                sources={role: scene.source_files for role, scene in scenes.items()},
                settings=origin['settings'],
                versions=origin['versions'],
            ),
        )
        rasters, recognition = {}, {}
        for role, scene in scenes.items():
            with watch.stage(f'recognise_{role}'):
                paths, recognition[role] = recognise(scene, role, work.role(role))
                rasters |= paths
        with watch.stage('postproc'):
            product = LandslideProduct(
                landslides=polygonise(rasters['mask']),
                grid=grid,
                rasters=rasters,
                out_dir=work.products,
                reference=inputs.reference,
                provenance=origin,
            )
            doubt = settings.doubt_gsd(product.grid.gsd)
            product = product.with_warning(doubt) if doubt else product
            product, records = pipeline(product)
            final_mask = write_final_mask(product, work.path / 'final_mask.tif')
        with watch.stage('write'):
            write_rasters(rasters | {'mask': final_mask}, work.products, origin)
        summary = summarise(
            product=product,
            records=records,
            recognition=recognition,
            seconds=watch.seconds,
        )
        names = sorted([SUMMARY, *(path.name for path in work.products.iterdir())])
        with disk_errors(out):
            write_summary({**summary, 'files': names}, work.products / SUMMARY)
    return LandslideRun(summary, tuple(out / name for name in names))
