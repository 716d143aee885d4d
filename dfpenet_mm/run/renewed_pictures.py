"""The images of a run, and its pictures, report and QGIS project renewed after a review."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.figures.all_figures import FIGURES as DRAWN
from dfpenet_mm.report.qgis.project import FILENAME as PROJECT
from dfpenet_mm.report.qgis.project import images_of_project
from dfpenet_mm.report.run_products import recorded_reading
from dfpenet_mm.run.folder import FIGURES
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.publish import REPORT, check_images, write_pictures
from dfpenet_mm.vocabulary import ORIGINAL, SUMMARY
from postproc.product import LandslideProduct


def images_of_run(
    folder: Path, summary: Mapping[str, Any], post: Path | None, pre: Path | None
) -> tuple[dict[str, Path], list[str]]:
    """Find the images that were mapped: those given, or where the run's project has them.

    Args:
        folder: of the run.
        summary: of it.
        post: the image after the event, if it was given.
        pre: the image before it, likewise.

    Returns:
        Images by role, and notes on what is not found.

    Raises:
        InputFileError: if the image after the event is not found, or one is another image.
    """
    inputs = summary.get('provenance', {}).get('inputs', {})
    project = images_of_project(folder / PROJECT)
    images = {
        role: path
        for role, given in (('post', post), ('pre', pre))
        if (path := given or project.get(role)) is not None
    }
    notes = []
    for role in ('post', 'pre'):
        path, name = images.get(role), (inputs.get(role) or {}).get('name', 'the image')
        if path is not None and (path.exists() or not path.is_absolute()):
            continue
        if role == 'post':
            where = '' if path is None else f' at {path}'
            raise InputFileError(
                f'{name}, which was mapped, is not found{where}; say where it is with --post'
            )
        if role in inputs:
            notes.append(f'{name} is not found, so the pictures do without it; give it with --pre')
        images.pop(role, None)
    check_images(summary, images)
    return images, notes


def renew_pictures(
    product: LandslideProduct,
    summary: Mapping[str, Any],
    images: Mapping[str, Path],
    folder: Path,
    progress: RunProgress,
) -> list[str]:
    """Draw them beside the new products, as ``write_pictures`` does.

    Args:
        product: the reviewed inventory; its folder gets the files.
        summary: of the run, renewed.
        images: by role.
        folder: of the run, which has the products that stay.
        progress: times the stages.

    Returns:
        One sentence for each that could not be made.
    """
    linked = _link_others(folder, product.out_dir, summary)
    failures = write_pictures(
        product,
        summary,
        post=images['post'],
        pre=images.get('pre'),
        out=folder,
        reading=recorded_reading(summary),
        progress=progress,
    )
    for name in linked:
        (product.out_dir / name).unlink()
    return failures


def _link_others(folder: Path, staging: Path, summary: Mapping[str, Any]) -> list[str]:
    """Lay the products that stay beside the new ones, where pictures look for them."""
    linked = []
    redrawn = {SUMMARY, ORIGINAL, REPORT, PROJECT, *(f'{FIGURES}/{name}' for name in DRAWN)}
    for name in summary.get('files') or ():
        source, target = folder / name, staging / name
        if source.is_file() and not target.exists() and name not in redrawn:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
            linked.append(name)
    return linked
