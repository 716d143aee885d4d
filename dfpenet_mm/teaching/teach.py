"""A lesson from a reviewed inventory: teach, judge, and map with the better network."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import rasterio

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors, whole_file
from dfpenet_mm.folder_lock import HOLDER, LOCK, locked_folder
from dfpenet_mm.report.run_products import inventory_name, read_summary
from dfpenet_mm.run.edited_inventory import EditedInventory
from dfpenet_mm.run.finish import finish_with_review
from dfpenet_mm.run.folder import complete_finish
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import describe_input, package_versions, sha256
from dfpenet_mm.run.publish import LandslideRun
from dfpenet_mm.run.read_review import read_review
from dfpenet_mm.run.request import RunRequest, SourceWatch
from dfpenet_mm.run.run import map_landslides
from dfpenet_mm.teaching.classroom import Classroom, open_classroom
from dfpenet_mm.teaching.examination import Examination, Examiner
from dfpenet_mm.teaching.replay import replay_file
from dfpenet_mm.teaching.request import TeachRequest, resolved
from dfpenet_mm.teaching.taught_network import NETWORK
from dfpenet_mm.vocabulary import ORIGINAL, SUMMARY

TEACHING = 'teaching.json'
# Work of a lesson that is not finished.
WORK = '.teaching'
RECORD, MAPPED = 'record.json', 'mapped'


@dataclass(frozen=True)
class Teaching:
    """The result of a lesson.

    Args:
        folder: of the new map.
        network: folder of the network that mapped it, with config, weights and card; None where
            the network before stays.
        taught: True where the taught network mapped it.
        sentence: which network mapped it, and why.
        findings: plain JSON values, as in ``teaching.json``.
        run: the new map.
    """

    folder: Path
    network: Path | None
    taught: bool
    sentence: str
    findings: Mapping[str, Any]
    run: LandslideRun


def teach(request: TeachRequest, progress: RunProgress | None = None) -> Teaching:
    """Teach a network what an analyst has reviewed, and map the scene again with the better one.

    A lesson that was stopped goes on when it is asked for again, to the same result.

    Args:
        request: what to learn from, and where the new map goes.
        progress: times the stages, and shows how far the lesson is; None to show nothing.

    Returns:
        The network, how it compares, and the new map.

    Raises:
        DfpenetError: one sentence on whatever in the review, images, network or output cannot
            work, too little reviewed ground among it. Nothing but unfinished work is changed then.
    """
    progress = progress or RunProgress()
    begin = time.monotonic()
    request = resolved(request)
    _check_folder(request.out, overwrite=request.overwrite)
    sources = SourceWatch(filter(None, (request.inventory, request.reviewed_area, request.post)))
    with _work(request, progress) as work, rasterio.Env(GDAL_CACHEMAX=2**28), ExitStack() as stack:
        with progress.running('read_the_review'):
            classroom = open_classroom(request, stack)
            # The new map keeps what was found on this one.
            grid = classroom.default.scene.grid
            review = read_review(cast(Path, request.inventory), request.reviewed_area, grid)
            sources.check()
            _keep_record(work, request, classroom)
        examination = Examiner(classroom, request, work, progress).examine()
        findings = {**examination.findings, 'provenance': _origin(request, classroom)}
        stack.close()
        asked = _map_request(request, classroom, examination)
        result = _new_map(asked, review, work / MAPPED, progress, pictures=request.pictures)
        findings['seconds'] = {
            **{name: round(taken, 2) for name, taken in progress.seconds.items()},
            'all': round(time.monotonic() - begin, 2),
        }
        with disk_errors(request.out), whole_file(request.out / TEACHING, durable=True) as part:
            text = json.dumps(findings, indent=2, ensure_ascii=False, allow_nan=False)
            part.write_text(f'{text}\n', encoding='utf-8')
    shutil.rmtree(request.out / WORK, ignore_errors=True)
    return Teaching(
        folder=request.out,
        network=None if examination.network is None else request.out / NETWORK,
        taught=examination.taught,
        sentence=examination.sentence,
        findings=findings,
        run=result,
    )


def _check_folder(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds anything but what is left of a lesson."""
    with disk_errors(out, advice=ANOTHER_FOLDER):
        if out.exists() and not out.is_dir():
            raise OutputError(f'{out} is a file; name a folder with --out')
        strangers = out.is_dir() and any(path.name != WORK for path in out.iterdir())
    unfinished = (out / WORK / RECORD).is_file()
    if strangers and not (overwrite or unfinished):
        raise OutputError(
            f'{out} is not empty; name another folder with --out, or pass --overwrite to replace '
            f'the products in it'
        )
    if strangers and not unfinished and not ((out / SUMMARY).is_file() or (out / WORK).is_dir()):
        raise OutputError(
            f'{out} holds files and no {SUMMARY} of an earlier run, so nothing in it is replaced; '
            f'name another folder with --out'
        )


@contextmanager
def _work(request: TeachRequest, progress: RunProgress) -> Iterator[Path]:
    """Lend the folder of unfinished work; another lesson in it is refused."""
    work = request.out / WORK
    made = [path for path in (request.out, *request.out.parents) if not path.exists()]
    with disk_errors(work, advice=ANOTHER_FOLDER):
        work.mkdir(parents=True, exist_ok=True)
    with locked_folder(request.out, work) as unlocked:
        if unlocked:
            progress.warn(unlocked, at_end=False)
        try:
            yield work
        finally:
            if not (work / RECORD).is_file():
                shutil.rmtree(work, ignore_errors=True)
                for path in made:
                    if path.is_dir() and not any(path.iterdir()):
                        path.rmdir()


def _origin(request: TeachRequest, classroom: Classroom) -> dict[str, Any]:
    roles = {
        'post': request.post,
        'inventory': request.inventory,
        'reviewed_area': request.reviewed_area,
        'config': classroom.network.config,
        'checkpoint': classroom.network.checkpoint,
    }
    replay = replay_file(classroom.network.checkpoint)
    if replay.is_file():
        roles['replay'] = replay
    return {
        'inputs': {role: describe_input(path) for role, path in roles.items() if path is not None},
        'settings': {
            'seed': request.seed,
            'steps': request.steps,
            'pixel_size': request.pixel_size,
            'bands': list(classroom.settings.bands),
            'nodata': list(classroom.settings.nodata),
        },
        'versions': package_versions(),
        'command': list(request.command),
    }


def _keep_record(work: Path, request: TeachRequest, classroom: Classroom) -> None:
    """Begin a lesson, or go on with one of the same inputs."""
    record = {
        name: value for name, value in _origin(request, classroom).items() if name != 'command'
    }
    path = work / RECORD
    with disk_errors(work, advice=ANOTHER_FOLDER):
        if path.is_file():
            try:
                same = json.loads(path.read_text(encoding='utf-8')) == json.loads(
                    json.dumps(record)
                )
            except ValueError:
                same = False
            if same:
                return
            if not request.overwrite:
                raise OutputError(
                    f'{request.out} holds an unfinished lesson of another review, image, network '
                    f'or version; pass --overwrite to begin anew, or name another folder with --out'
                )
        for left in work.iterdir():
            if left.name not in (LOCK, HOLDER):
                left.unlink()
        with whole_file(path, durable=True) as part:
            part.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')


def _new_map(
    asked: RunRequest,
    review: EditedInventory,
    marker: Path,
    progress: RunProgress,
    *,
    pictures: bool,
) -> LandslideRun:
    """Map the scene, unless that is done, and lay the review over the new map.

    Args:
        asked: the map, without pictures.
        review: of the map before.
        marker: file that tells of a map that is whole but for the review.
        progress: times the stages.
        pictures: draw report, figures and QGIS project.
    """
    out = asked.folder
    complete_finish(out)
    if not _is_mapped(out, marker):
        run = map_landslides(asked, progress)
        if out / inventory_name(run.summary) not in run.files:
            progress.warn('the config writes no inventory, so that the review is not in the map')
            return run
        with disk_errors(out), whole_file(marker, durable=True) as part:
            part.write_text(sha256(out / ORIGINAL), encoding='utf-8')
    told = read_summary(out / SUMMARY)
    done = finish_with_review(
        out,
        # Once is enough: whoever stopped behind it has it in the map.
        None if (told.get('review') or {}).get('inventory_sha256') else review,
        post=asked.post,
        pre=asked.pre,
        pictures=pictures,
        progress=progress,
    )
    return LandslideRun(done.summary, done.files)


def _is_mapped(out: Path, marker: Path) -> bool:
    try:
        return marker.read_text(encoding='utf-8') == sha256(out / ORIGINAL)
    except OSError:
        return False


def _map_request(
    request: TeachRequest, classroom: Classroom, examination: Examination
) -> RunRequest:
    """Ask for the new map, over what an earlier try has left in the folder.

    Its pictures are drawn when the review is in it.
    """
    network = examination.network or classroom.network
    # A network of the package is left to choose its backend.
    shipped = examination.network is None and request.config is None
    return RunRequest(
        post=classroom.post,
        pre=request.pre,
        aoi=request.aoi,
        layers=request.layers,
        config=None if shipped else network.config,
        checkpoint=None if shipped else network.checkpoint,
        out=request.out,
        overwrite=True,
        resume=True,
        force=classroom.forced,
        pictures=False,
        bands=request.bands,
        nodata=request.nodata,
        device=request.device,
        command=request.command,
    )
