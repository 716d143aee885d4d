"""A network judged on a folder of images and masks, at several scales, mapped as scenes are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rasterio

from dfpenet_mm.errors import ConfigError, EmptySceneError, RasterFormatError
from dfpenet_mm.evaluation.image_tally import ImageTally
from dfpenet_mm.evaluation.set_scores import RESAMPLES, score_set
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.resources import network_files
from dfpenet_mm.run.benchmark_files import JudgedImage, draw_pictures, write_page, write_tables
from dfpenet_mm.run.folder import check_output_folder, product_names, staging_folder
from dfpenet_mm.run.labelled_images import LabelledImage, find_images
from dfpenet_mm.run.prepare import prepared
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import provenance
from dfpenet_mm.run.recognise import recognise
from dfpenet_mm.run.record import keep_or_check, run_record
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.work_folder import WorkFolder, resume_hint
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE, NODATA, SUMMARY
from dfpenet_mm.wording import counted

# The folder of finished images, where the run folder looks for work to be kept.
IMAGES, BLOCKS = 'images', 'blocks'
# The stage in which all images are mapped, by the pace of those that are.
MAPPED = 'recognise_post'
# Images at one scale that no network can see, or that show nothing to see.
REFUSALS = (EmptySceneError, RasterFormatError)


@dataclass(frozen=True, kw_only=True)
class BenchmarkRequest:
    """Everything that is asked of a benchmark.

    Args:
        folder: as of ``find_images``.
        masks: likewise.
        background: likewise.
        pixel_size: likewise.
        scales: factors by which the images are averaged down before they are mapped.
        out: folder of the tables, the page and the pictures.
        mapping: further arguments of every image's ``RunRequest``, such as ``config``,
            ``checkpoint``, ``options``, ``force``, ``device`` and ``backend``.
        overwrite: replace what an earlier benchmark wrote.
        resume: leave out the images that an interrupted one had finished.
        resamples: sets of images drawn for the intervals.
        seed: of the draws.
        pictures: images shown, half of them the worst and half the best ones.
        command: the command line, for the provenance.

    Raises:
        ConfigError: if a scale is no whole number above 0, or given twice.
    """

    folder: Path
    masks: Path | None = None
    background: bool = False
    pixel_size: float | None = None
    scales: Sequence[int] = (1,)
    out: Path
    mapping: Mapping[str, Any]
    overwrite: bool = False
    resume: bool = False
    resamples: int = RESAMPLES
    seed: int = 0
    pictures: int = 8
    command: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) < 1 or len(set(self.scales)) < len(self.scales):
            raise ConfigError(
                f'the scales are {", ".join(map(str, self.scales))}; give different whole numbers '
                f'from 1, such as 1 2 4 8'
            )
        if min(self.resamples, self.pictures) < 0:
            raise ConfigError(
                f'--resamples is {self.resamples} and --pictures {self.pictures}; give 0 or more'
            )
        network_files(self.mapping.get('config'), self.mapping.get('checkpoint'))


def benchmark(request: BenchmarkRequest, progress: RunProgress | None = None) -> dict[str, Any]:
    """Map every image of a folder at every scale, and judge the maps.

    An image is mapped as ``landslide-map`` maps a scene of its own: its own stretch, windows,
    calibration and threshold. At every scale the truth is that of the original grid, on
    which the coarser map is laid without interpolation: so the scales have the same landslides
    and the same pixels, and can be compared.

    Args:
        request: as asked for.
        progress: shows how far it is; None to show nothing.

    Returns:
        The content of ``summary.json``; beside it lie ``scores.csv``, ``images.csv``,
        ``benchmark.html`` and ``pictures``.

    Raises:
        DfpenetError: one sentence on whatever in the input or output cannot work, such as when
            no image can be mapped at all.
    """
    progress = progress or RunProgress()
    images = find_images(
        request.folder,
        masks=request.masks,
        background=request.background,
        pixel_size=request.pixel_size,
    )
    files = [path for image in images for path in (image.image, image.mask) if path]
    out, resume = request.out, request.resume
    check_output_folder(out, overwrite=request.overwrite, resume=resume, inputs=files)
    with resume_hint(out, resume=resume):
        origin = _origin(request, files)
        with staging_folder(out, overwrite=request.overwrite, resume=resume) as work:
            described = {name: origin[name] for name in ('inputs', 'settings', 'versions')}
            keep_or_check(work.record, run_record(sources={}, **described))
            progress.expect(0, stages=[MAPPED])
            with progress.running(MAPPED):
                judged = _judge_all(request, images, work, progress)
            return _publish(request, images, judged, work, origin)


def _origin(request: BenchmarkRequest, files: Sequence[Path]) -> dict[str, Any]:
    named = network_files(request.mapping.get('config'), request.mapping.get('checkpoint'))
    networks = [named[1]] if named else [card.exported for card in shipped_cards()]
    inputs: dict[str, Path | None] = {f'network {path.name}': path for path in networks}
    inputs |= {'network config': named and named[0]}
    inputs |= {f'{path.parent.name}/{path.name}': path for path in files}
    mapping = {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in request.mapping.items()
        if name not in ('config', 'checkpoint')
    }
    settings = {'background': request.background, 'pixel_size': request.pixel_size, **mapping}
    return provenance(inputs=inputs, settings=settings, command=request.command)


def _judge_all(
    request: BenchmarkRequest,
    images: Sequence[LabelledImage],
    work: WorkFolder,
    progress: RunProgress,
) -> list[JudgedImage]:
    build = _shared_predictors()
    advance = progress.stage('map images')
    judged: list[JudgedImage] = []
    total = len(images) * len(request.scales)
    advance(0, total)
    for scale in request.scales:
        for image in images:
            # The name says all that the result depends on, so that further scales may be added.
            kept = work.role(IMAGES) / BLOCKS / f'{image.image.name}-{scale}.block'
            if not kept.exists():
                found = _judge(request, image, scale, build)
                if found.tally is None:
                    judged.append(found)
                    continue
                found.write(kept)
            # Of a survey of large images not all the masks are held at once.
            judged.append(replace(JudgedImage.read(kept), marked=None, kept=kept))
            advance(len(judged), total)
    if all(found.tally is None for found in judged):
        first = judged[0]
        raise RasterFormatError(
            f'none of {counted(len(images), "image")} could be mapped; of {first.name} at scale '
            f'{first.scale}: {first.notes[0]}'
        )
    return judged


def _shared_predictors() -> Callable[[NetworkSource], Predictor]:
    """Return a way of building predictors that builds an equal one only once."""
    built: list[tuple[NetworkSource, Predictor]] = []

    def build(source: NetworkSource) -> Predictor:
        for known, predictor in built:
            if known == source:
                return predictor
        built.append((source, source.build()))
        return built[-1][1]

    return build


def _judge(
    request: BenchmarkRequest,
    image: LabelledImage,
    scale: int,
    build: Callable[[NetworkSource], Predictor],
) -> JudgedImage:
    facts = (image.image.name, scale, image.pixel_size)
    try:
        marked, probability, doubts = _map(request, image, scale, build)
    except REFUSALS as error:
        return JudgedImage(*facts, tally=None, marked=None, notes=(str(error),))
    truth = image.truth()
    truth[marked == NODATA] = IGNORED
    called = marked == LANDSLIDE
    size = image.pixel_size
    tally = ImageTally.of(truth, called, probability=probability, pixel_size=size)
    return JudgedImage(*facts, tally=tally, marked=called, notes=doubts)


def _map(
    request: BenchmarkRequest,
    image: LabelledImage,
    scale: int,
    build: Callable[[NetworkSource], Predictor],
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Map one image, and lay mask and probability on its own grid."""
    with TemporaryDirectory(prefix='benchmark-') as folder:
        scene = image.write_scaled(scale, Path(folder, f'{image.image.stem}.tif'))
        run_request = RunRequest(
            **request.mapping, post=scene, out=Path(folder, 'out'), pictures=False
        )
        quiet = RunProgress()
        try:
            with prepared(run_request, quiet, build) as run:
                rasters = recognise(run, quiet).rasters
                marked, probability = (
                    on_grid(rasters[name], image) for name in ('mask', 'probability')
                )
                return marked, probability, run.doubts
        except REFUSALS as error:
            # The copy in the temporary folder is nobody's file.
            raise type(error)(str(error).replace(str(scene), str(image.image))) from error


def on_grid(path: Path, image: LabelledImage) -> np.ndarray:
    """Read a raster of the same place, perhaps a coarser one, at the centres of an image's pixels.

    Args:
        path: the raster; its rows and columns run as those of the image.
        image: the image.

    Returns:
        Values of the nearest pixels, shape (rows, cols) of the image.
    """
    with rasterio.open(path) as source:
        values, step = source.read(1), ~source.transform @ image.grid.transform
    rows, cols = (np.arange(length) + 0.5 for length in image.grid.shape)
    row = np.clip(np.floor(step.f + rows * step.e), 0, values.shape[0] - 1).astype(int)
    col = np.clip(np.floor(step.c + cols * step.a), 0, values.shape[1] - 1).astype(int)
    return values[np.ix_(row, col)]


def _publish(
    request: BenchmarkRequest,
    images: Sequence[LabelledImage],
    judged: Sequence[JudgedImage],
    work: WorkFolder,
    origin: Mapping[str, Any],
) -> dict[str, Any]:
    sizes = sorted({image.pixel_size for image in images})
    summary: dict[str, Any] = {
        'folder': str(request.folder),
        'images': len(images),
        'background': request.background,
        'pixel_size_m': [sizes[0], sizes[-1]],
        'judged_on': 'the grid of the original images',
        'seed': request.seed,
        'scales': [
            _score(request, scale, [found for found in judged if found.scale == scale])
            for scale in request.scales
        ],
    }
    with disk_errors(request.out, advice=ANOTHER_FOLDER):
        write_tables(work.products, summary, judged)
        shown = draw_pictures(work.products, images, judged, request.pictures)
        write_page(work.products / 'benchmark.html', summary, shown, origin)
        names = sorted([SUMMARY, *product_names(work.products)])
        summary |= {'files': names, 'provenance': origin}
        text = json.dumps(summary, indent=2, allow_nan=False)
        (work.products / SUMMARY).write_text(text, encoding='utf-8')
    return summary


def _score(request: BenchmarkRequest, scale: int, judged: Sequence[JudgedImage]) -> dict[str, Any]:
    refused = {found.name: found.notes[0] for found in judged if found.tally is None}
    tallies = [found.tally for found in judged if found.tally is not None]
    facts: dict[str, Any] = {'scale': scale, 'refused': refused}
    if not tallies:
        return facts | {'images': 0, 'scores': {}, 'size_classes': [], 'calibration': None}
    draws = {'resamples': request.resamples, 'seed': request.seed}
    return facts | score_set(tallies, in_metres=True, **draws)
