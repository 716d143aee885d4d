"""The verbs of ``landslide-map`` as functions, for programs of your own.

Each takes and returns plain values, and raises a ``DfpenetError``. Importing loads no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfpenet_mm.run.audit import AuditFindings, AuditSample
    from dfpenet_mm.run.finish import FinishedRun
    from dfpenet_mm.run.progress import RunProgress
    from dfpenet_mm.run.publish import LandslideRun
    from dfpenet_mm.teaching.teach import Teaching

Name = str | PathLike[str]


def map_landslides(
    post: Name,
    *,
    pre: Name | None = None,
    out: Name | None = None,
    aoi: Name | None = None,
    reference: Name | None = None,
    layers: Mapping[str, Name] | None = None,
    config: Name | None = None,
    checkpoint: Name | None = None,
    options: Sequence[str] = (),
    overwrite: bool = False,
    resume: bool = False,
    force: bool = False,
    pictures: bool = True,
    bands: tuple[int, ...] | None = None,
    nodata: Sequence[float] | None = None,
    post_mask: Name | None = None,
    pre_mask: Name | None = None,
    match_histogram: str | bool | None = None,
    max_shift_m: float | None = None,
    threshold: float | None = None,
    pixel_size: float | None = None,
    values: str | None = None,
    device: str = 'auto',
    backend: str | None = None,
    precision: str | None = None,
    quantised: Name | None = None,
    launcher: str = 'local',
    address: str | None = None,
    actors: int | None = None,
    command: Sequence[str] = ('dfpenet_mm.map_landslides',),
    progress: RunProgress | None = None,
) -> LandslideRun:
    """Map the landslides of two images, as ``landslide-map`` does.

    Args:
        post: image after the event.
        pre: image before it, on any grid.
        out: folder of the products; None for ``landslides_NAME`` in the present folder.
        aoi: polygons of the area to map; None for the whole scene.
        reference: inventory to evaluate against.
        layers: auxiliary rasters by name, such as ``{'dem': 'dem.tif'}``.
        config: of a network of your own; None for the shipped one that suits the image.
        checkpoint: its weights.
        options: ``KEY=VALUE`` each, over those of the config.
        overwrite: replace products of an earlier run.
        resume: continue an earlier run that did not come to its end, if there is any.
        force: map an image even if its pixels are far from what the network knows.
        pictures: write the report, the QGIS project and the figures.
        bands: of the images, from 1, whatever the files call them.
        nodata: further values that are no data in either image.
        post_mask: raster on the pixels of ``post``, 0 where it is not to be used.
        pre_mask: likewise of ``pre``.
        match_histogram: True, False or ``auto``: give the pre-event image the other's histogram.
        max_shift_m: largest shift between the two images, metres.
        threshold: smallest probability of a landslide pixel, in (0, 1].
        pixel_size: of images that do not say where they lie, metres.
        values: ``auto``, ``reflectance`` or ``percentiles``: how images are scaled.
        device: where the network runs, such as ``cpu`` or ``cuda:0``.
        backend: ``torch``, ``openvino`` or ``auto``.
        precision: of the backend.
        quantised: folder of an int8 network.
        launcher: ``local``, or ``ray`` for several machines.
        address: of a Ray cluster.
        actors: processes of the cluster that predict.
        command: what is told of the caller in the products.
        progress: shows how far the run is; None to show nothing.

    Returns:
        ``summary``, the values of ``summary.json``, and ``files``, the products.

    Raises:
        DfpenetError: one sentence on whatever in the input, config or output cannot work.
    """
    from dfpenet_mm.run.request import RunRequest  # noqa: PLC0415 - GDAL, at the first call
    from dfpenet_mm.run.run import map_landslides as run  # noqa: PLC0415

    request = RunRequest(
        post=Path(post),
        pre=_path(pre),
        out=_path(out),
        aoi=_path(aoi),
        reference=_path(reference),
        layers={name: Path(path) for name, path in (layers or {}).items()},
        config=_path(config),
        checkpoint=_path(checkpoint),
        options=options,
        overwrite=overwrite,
        resume=resume,
        force=force,
        pictures=pictures,
        bands=bands,
        nodata=nodata,
        post_mask=_path(post_mask),
        pre_mask=_path(pre_mask),
        match_histogram=match_histogram,
        max_shift_m=max_shift_m,
        threshold=threshold,
        pixel_size=pixel_size,
        values=values,
        device=device,
        backend=backend,
        precision=precision,
        quantised=_path(quantised),
        launcher=launcher,
        address=address,
        actors=actors,
        command=command,
    )
    return run(request, progress)


def finish(
    folder: Name,
    *,
    post: Name | None = None,
    pre: Name | None = None,
    dem: Name | None = None,
    formats: Sequence[str] = (),
    reviewer: str | None = None,
    progress: RunProgress | None = None,
) -> FinishedRun:
    """Measure a reviewed inventory again and renew all that is handed over.

    Args:
        folder: of the reviewed run.
        post: the image that was mapped; None for where the run's QGIS project has it.
        pre: the image before the event, likewise.
        dem: elevation model, for the terrain of changed outlines.
        formats: further formats, such as ``geojson``.
        reviewer: who signs what nobody has signed.
        progress: shows how far it is; None to show nothing.

    Returns:
        ``summary``, ``files``, ``notes`` on what was mended, and whether anything ``changed``.

    Raises:
        DfpenetError: one sentence on whatever cannot work; the folder is as it was.
    """
    from dfpenet_mm.run.finish import finish_run  # noqa: PLC0415

    return finish_run(
        Path(folder),
        post=_path(post),
        pre=_path(pre),
        dem=_path(dem),
        formats=formats,
        reviewer=reviewer,
        progress=progress,
    )


def teach(
    out: Name,
    *,
    run: Name | None = None,
    post: Name | None = None,
    pre: Name | None = None,
    inventory: Name | None = None,
    reviewed_area: Name | None = None,
    aoi: Name | None = None,
    layers: Mapping[str, Name] | None = None,
    config: Name | None = None,
    checkpoint: Name | None = None,
    bands: tuple[int, ...] | None = None,
    nodata: Sequence[float] | None = None,
    pixel_size: float | None = None,
    steps: int = 40,
    seed: int = 0,
    device: str = 'auto',
    pictures: bool = True,
    overwrite: bool = False,
    command: Sequence[str] = ('dfpenet_mm.teach',),
    progress: RunProgress | None = None,
) -> Teaching:
    """Teach a network what an analyst has reviewed, and map the scene again with the better one.

    Args:
        out: folder of the new map, and of the taught network in ``network/``.
        run: folder of a finished run with its review; or give ``post`` and ``inventory``.
        post: image after the event.
        pre: image before it, for the new map alone.
        inventory: reviewed landslides.
        reviewed_area: polygons in which everything was looked at.
        aoi: area of the new map; None for the run's.
        layers: auxiliary rasters of the new map by name.
        config: of the network to begin with; None for that of the run, or the shipped one.
        checkpoint: its weights.
        bands: of the images, from 1.
        nodata: values that are no data in the images.
        pixel_size: metres in which to teach; None to choose.
        steps: of training.
        seed: of all draws.
        device: where the network runs, such as ``auto``, ``cpu`` or ``cuda:0``.
        pictures: draw report, figures and QGIS project of the new map.
        overwrite: replace what an earlier lesson wrote.
        command: what is told of the caller in the products.
        progress: shows how far it is; None to show nothing.

    Returns:
        ``sentence`` and ``findings``, the folder ``network``, and the new map as ``run``.

    Raises:
        DfpenetError: one sentence on whatever cannot work, too little reviewed ground among it.
    """
    from dfpenet_mm.teaching.request import TeachRequest  # noqa: PLC0415
    from dfpenet_mm.teaching.teach import teach as learn  # noqa: PLC0415

    request = TeachRequest(
        out=Path(out),
        run=_path(run),
        post=_path(post),
        pre=_path(pre),
        inventory=_path(inventory),
        reviewed_area=_path(reviewed_area),
        aoi=_path(aoi),
        layers={name: Path(path) for name, path in (layers or {}).items()},
        config=_path(config),
        checkpoint=_path(checkpoint),
        bands=bands,
        nodata=nodata,
        pixel_size=pixel_size,
        steps=steps,
        seed=seed,
        device=device,
        pictures=pictures,
        overwrite=overwrite,
        command=command,
    )
    return learn(request, progress)


def audit_draw(
    folder: Name, points: int = 200, *, seed: int = 0, overwrite: bool = False
) -> AuditSample:
    """Draw a stratified random sample of a finished run's pixels, to be judged in QGIS.

    Args:
        folder: of the run.
        points: of the sample, at least 30.
        seed: of the draw; another one gives other points.
        overwrite: replace an earlier sample that has verdicts.

    Returns:
        ``path`` of the points, and ``strata`` with their pixels, areas and points.

    Raises:
        DfpenetError: one sentence on whatever cannot work.
    """
    from dfpenet_mm.run.audit import draw_audit  # noqa: PLC0415

    return draw_audit(Path(folder), points, seed=seed, overwrite=overwrite)


def audit_estimate(
    folder: Name, *, post: Name | None = None, pre: Name | None = None
) -> AuditFindings:
    """Tell from the verdicts on a sample how right a map is, and how much landslide there is.

    Args:
        folder: of the run, with ``audit.gpkg``.
        post: the image that was mapped; None for where the run's QGIS project has it.
        pre: the image before the event, likewise.

    Returns:
        ``findings``, as in ``summary.json``, ``sentences`` that say them, and ``notes``.

    Raises:
        DfpenetError: one sentence on whatever cannot work; nothing was changed then.
    """
    from dfpenet_mm.run.audit import estimate_audit  # noqa: PLC0415

    return estimate_audit(Path(folder), post=_path(post), pre=_path(pre))


def _path(name: Name | None) -> Path | None:
    return None if name is None else Path(name)
