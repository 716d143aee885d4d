"""The main job: two images in, a landslide inventory out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from mmengine.config import Config

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.executors.executor import BlockExecutor
from dfpenet_mm.mapping.mapper import CACHE_BYTES
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.run.folder import check_output_folder, disk_errors, product_names, staging_folder
from dfpenet_mm.run.inputs import MappingInputs, SourceWatch, quantised_input
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.publish import (
    attempt,
    describe_area,
    summarise,
    write_area,
    write_pictures,
    write_rasters,
    write_summary,
)
from dfpenet_mm.run.recognise import Recogniser, read_area
from dfpenet_mm.run.record import keep_or_check, lasting, provenance, resolved_settings, run_record
from dfpenet_mm.run.scene_pair import check_images, check_shift, fit_scalings, picture_shift
from dfpenet_mm.run.settings import MappingSettings, postproc_hooks
from dfpenet_mm.vocabulary import SUMMARY
from postproc.masks.burner import write_final_mask
from postproc.masks.polygonise import polygonise
from postproc.pipeline import PostprocPipeline
from postproc.product import LandslideProduct
from postproc.registry import EarlyInputs

NO_PRE_EVENT = (
    'no pre-event image was given, so that landslides older than the event, and fields, quarries '
    'and river bars, cannot be told from new landslides'
)


@dataclass(frozen=True)
class LandslideRun:
    """What a run came to.

    Args:
        summary: plain JSON values, as in ``summary.json``.
        files: the products.
    """

    summary: Mapping[str, Any]
    files: tuple[Path, ...]


def map_landslides(
    *,
    config: Config,
    inputs: MappingInputs,
    out: Path,
    device: str,
    overwrite: bool,
    resume: bool = False,
    force: bool = False,
    executor: BlockExecutor | None = None,
    choice: str | None = None,
    pictures: bool = True,
    command: Sequence[str],
    progress: RunProgress,
) -> LandslideRun:
    """Recognise landslides in a scene and turn them into an inventory.

    Args:
        config: the network, its ``mapping`` section and its ``postproc`` list.
        inputs: the files.
        out: folder of the products: ``probability.tif``, ``mask.tif``, ``summary.json``,
            ``report.html``, ``figures/``, what the hooks write, and with a pre-event image
            ``pre_probability.tif`` and ``pre_mask.tif``. They appear there together, when all
            are complete.
        device: where the network runs, such as ``auto``, ``cpu`` or ``cuda:0``.
        overwrite: allow products of an earlier run to be replaced, and its unfinished work to be
            thrown away.
        resume: continue an earlier run that did not come to its end, if there is any.
        force: map an image even if its pixels are far from what the network knows.
        executor: predicts the blocks of a scene; None for this process.
        choice: why this backend runs, for the summary.
        pictures: write the report, the QGIS project and the figures that go with them.
        command: the command line, for the provenance.
        progress: times the stages, and shows how far the run is.

    Returns:
        What it came to.

    Raises:
        DfpenetError: one sentence on whatever in the input, config or output cannot work.
    """
    settings = MappingSettings.from_config(config)
    scaling = build_scaling(settings.scaling)
    pipeline = PostprocPipeline(postproc_hooks(config))
    inputs.check_exist()
    files = inputs.by_role() | quantised_input(settings.predictor)
    sources = SourceWatch(files.values())
    check_output_folder(out, overwrite=overwrite, resume=resume, inputs=files.values())
    device = str(find_device(device))
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES))
        scenes = inputs.open_scenes(settings.reading, stack)
        grid = scenes['post'].grid
        doubts = check_images(scenes, settings, force=force, say=progress.say)
        progress.expect(grid.shape[0] * grid.shape[1], pre='pre' in scenes)
        behind = inputs.files_behind()
        sources.add(path for paths in behind.values() for path in paths)
        pipeline.check(EarlyInputs(grid=grid, reference=inputs.reference, layers=inputs.layers))
        area = read_area(inputs.aoi, scenes['post']) if inputs.aoi else None
        with progress.running('measure_shift'):
            shift = check_shift(scenes, settings.max_shift_m)
        with progress.running('load'):
            recognise = Recogniser.load(
                config=config,
                settings=settings,
                checkpoint=inputs.checkpoint,
                device=device,
                area=area,
                executor=executor,
                progress=progress,
                check_sources=sources.check,
            )
            origin = provenance(
                inputs={'config': Path(config.filename), **files},
                settings={**resolved_settings(config), 'device': device},
                command=command,
            )
        # What was read before its checksum was taken may be of another file.
        sources.check()
        work = stack.enter_context(staging_folder(out, overwrite=overwrite, resume=resume))
        keep_or_check(
            work.record,
            run_record(
                inputs=origin['inputs'],
                sources=behind,
                settings=origin['settings'],
                versions=origin['versions'],
            ),
        )
        with progress.running('fit_scaling'):
            scalings, match = fit_scalings(
                scenes=scenes,
                scaling=scaling,
                match_histogram=settings.match_histogram,
                folder=work.role,
                progress=progress,
            )
        rasters, recognition = {}, {}
        for role, scene in scenes.items():
            with progress.running(f'recognise_{role}'):
                paths, recognition[role] = recognise(scene, role, work.role(role), scalings[role])
                rasters |= paths
        sources.check()
        with progress.running('postproc'):
            product = LandslideProduct(
                landslides=polygonise(rasters['mask']),
                grid=grid,
                rasters=rasters,
                out_dir=work.products,
                layers=inputs.layers,
                reference=inputs.reference,
                provenance=lasting(origin),
                warnings=tuple(
                    filter(None, (*doubts, not inputs.pre and NO_PRE_EVENT, shift and shift.doubt))
                ),
            )
            product, records = pipeline(product, progress.step)
            final_mask = write_final_mask(product, work.path / 'final_mask.tif')
        with progress.running('write'):
            _write_own(
                rasters | {'mask': final_mask},
                area and (area, grid),
                folder=work.products,
                origin=lasting(origin),
                progress=progress,
            )
            undrawn = shift and attempt(
                'picture of the shift', lambda: picture_shift(shift, grid, work.products), out
            )
        findings = {
            'records': records,
            'recognition': recognition,
            'choice': choice,
            'pre_event': shift and {'shift': shift.to_dict(), 'histogram_match': match},
            'area': describe_area(area, grid),
            'provenance': origin,
        }
        failures = pictures and write_pictures(
            product,
            summarise(product=product, **findings, seconds=progress.seconds),
            inputs=inputs,
            out=out,
            reading=settings.reading,
            progress=progress,
        )
        for failure in filter(None, (undrawn, *(failures or ()))):
            product = product.with_warning(failure)
        summary = summarise(product=product, **findings, seconds=progress.seconds)
        names = sorted([SUMMARY, *product_names(work.products)])
        with disk_errors(out):
            write_summary({**summary, 'files': names}, work.products / SUMMARY)
        sources.check()
    return LandslideRun(summary, tuple(out / name for name in names))


def _write_own(
    rasters: Mapping[str, Path],
    area: tuple[AreaOfInterest, RasterGrid] | None,
    *,
    folder: Path,
    origin: Mapping[str, Any],
    progress: RunProgress,
) -> None:
    for done, (name, path) in enumerate(rasters.items()):
        progress.step(f'write {name}.tif', done, len(rasters))
        write_rasters({name: path}, folder, origin)
    if area is not None:
        write_area(*area, folder, origin)
