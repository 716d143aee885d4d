"""What people look at: the figures, the report and the QGIS project of a run."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.inputs import MappingInputs
from dfpenet_mm.cli.output_folder import FIGURES
from dfpenet_mm.cli.run_progress import RunProgress
from dfpenet_mm.cli.work_folder import disk_errors
from dfpenet_mm.errors import DfpenetError, OutputError
from dfpenet_mm.report.figures.all_figures import draw_figures
from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.qgis.project import write_qgis_project
from dfpenet_mm.report.run_products import RunProducts
from postproc.product import LandslideProduct

REPORT = 'report.html'
# What else the run has to write will meet too.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
RGB = 3


def write_pictures(
    product: LandslideProduct,
    summary: Mapping[str, Any],
    *,
    inputs: MappingInputs,
    out: Path,
    reading: Mapping[str, Any],
    progress: RunProgress,
) -> tuple[str, ...]:
    """Write the figures, the report and the QGIS project beside the other products of a run.

    What fails here is said and left out: hours of mapping are worth more than their pictures.

    Args:
        product: the product behind the last hook; its folder gets the files.
        summary: of the run so far.
        inputs: the images.
        out: where the folder's files will be in the end, for paths in the project.
        reading: how the images were read; of the network's bands the first three are shown as
            red, green and blue, a single one as grey.
        progress: times both stages.

    Returns:
        One sentence for each that could not be made.

    Raises:
        OutputError: if the disk refuses.
    """
    folder = product.out_dir
    products = RunProducts(
        folder=folder,
        summary=summary,
        landslides=product.landslides,
        rejected=product.rejected,
        post=inputs.post,
        pre=inputs.pre,
        **{**reading, 'bands': shown_bands(reading['bands'])},
    )
    tasks = {
        'figures': lambda: draw_figures(products, folder / FIGURES),
        'report': lambda: write_report(products, folder / REPORT),
        'project': lambda: write_qgis_project(products, home=out),
    }
    return tuple(_failures(tasks, folder, progress))


def shown_bands(bands: Sequence[int]) -> tuple[int, int, int]:
    """Choose which bands are shown as red, green and blue."""
    return tuple(bands[:RGB]) if len(bands) >= RGB else (bands[0],) * RGB


def attempt(name: str, run: Callable[[], object], folder: Path) -> str | None:
    """Draw something, and go on without it where that fails.

    Args:
        name: what it is, for people.
        run: draws it.
        folder: where it goes.

    Returns:
        A sentence that says what failed; None where nothing did.

    Raises:
        OutputError: if the disk refuses, as it will refuse all else.
    """
    with disk_errors(folder):
        try:
            run()
        except Exception as error:
            # A font or an image that is gone, or GDAL's own numbers, are no fault of the disk.
            full = isinstance(error, OSError) and error.errno in DISK_ERRORS
            if isinstance(error, OutputError) or full:
                raise
            if not isinstance(error, DfpenetError):
                logging.getLogger(__name__).exception('the %s failed', name)
            return (
                f'the {name} could not be made ({type(error).__name__}: {error}); all other '
                f'products are complete'
            )
    return None


def _failures(
    tasks: Mapping[str, Callable[[], object]], folder: Path, progress: RunProgress
) -> Iterator[str]:
    for name, run in tasks.items():
        with progress.running(name):
            failure = attempt(name, run, folder)
        if failure:
            yield failure
