"""The last step of a run: rasters, figures, report and QGIS project for people to look at."""

from __future__ import annotations

import errno
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from dfpenet_mm.errors import DfpenetError, InputFileError, OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.report.figures.all_figures import draw_figures
from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.qgis.project import write_qgis_project
from dfpenet_mm.report.run_products import RunProducts, image_reading, inventory_name
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.folder import FIGURES, complete_finish, product_names
from dfpenet_mm.run.placed import kept_image, placed_name
from dfpenet_mm.run.postprocess import FilteredInventory
from dfpenet_mm.run.prepare import PreparedRun
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import describe_input, lasting
from dfpenet_mm.run.recognise import Recognition
from dfpenet_mm.run.scene_pair import picture_shift
from dfpenet_mm.run.summary_file import summarise, write_summary
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, ORIGINAL, PROVENANCE_KEY, SUMMARY
from postproc.inventory.formats import write_inventory
from postproc.inventory.layer import Layer
from postproc.product import LandslideProduct

REPORT = 'report.html'
# What else the run has to write will meet too.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class LandslideRun:
    """The result of a run.

    Args:
        summary: plain JSON values, as in ``summary.json``.
        files: the products.
    """

    summary: Mapping[str, Any]
    files: tuple[Path, ...]


def publish(
    run: PreparedRun,
    recognition: Recognition,
    inventory: FilteredInventory,
    progress: RunProgress,
) -> LandslideRun:
    """Write all products of a run that are not written yet, the summary last.

    Args:
        run: as prepared; the products go into its work folder.
        recognition: of its images.
        inventory: the landslides that are left.
        progress: times the stages.

    Raises:
        OutputError: if the disk refuses.
    """
    out, products = run.request.folder, run.work.products
    with progress.running('write'):
        _write_rasters({**recognition.rasters, 'mask': inventory.mask}, run, progress)
        failures = list(_picture_shift(run))
        _keep_original(inventory.product)
    if run.request.pictures:
        failures += write_pictures(
            inventory.product,
            summarise(run, recognition, inventory, progress.seconds),
            post=kept_image(run.request.post, products) or run.request.post,
            pre=kept_image(run.request.pre, products),
            out=out,
            reading=run.settings.reading,
            progress=progress,
        )
    product = inventory.product
    for failure in failures:
        product = product.with_warning(failure)
    inventory = replace(inventory, product=product)
    summary = summarise(run, recognition, inventory, progress.seconds)
    names = sorted([SUMMARY, *product_names(products)])
    with disk_errors(out, advice=ANOTHER_FOLDER):
        write_summary({**summary, 'files': names}, products / SUMMARY)
    return LandslideRun(summary, tuple(out / name for name in names))


def _write_rasters(rasters: Mapping[str, Path], run: PreparedRun, progress: RunProgress) -> None:
    origin = lasting(run.origin)
    tags = {PROVENANCE_KEY: json.dumps(origin, sort_keys=True)}
    for done, (name, path) in enumerate(rasters.items()):
        progress.step(f'write {name}.tif', done, len(rasters))
        write_cog(path, run.work.products / f'{name}.tif', tags)
    if run.area is not None:
        _write_area(run.area, run.grid, run.work.products, origin)


def _keep_original(product: LandslideProduct) -> None:
    """Keep a copy of the inventory, which an analyst's review will change."""
    package = product.out_dir / inventory_name({'results': product.results})
    if package.is_file():
        shutil.copyfile(package, package.with_name(ORIGINAL))


def _picture_shift(run: PreparedRun) -> Iterator[str]:
    shift = run.shift
    if shift is not None:
        failure = attempt(
            'picture of the shift',
            lambda: picture_shift(shift, run.grid, run.work.products),
            run.request.folder,
        )
        yield from filter(None, [failure])


def write_pictures(
    product: LandslideProduct,
    summary: Mapping[str, Any],
    *,
    post: Path,
    pre: Path | None,
    out: Path,
    reading: Mapping[str, Any],
    progress: RunProgress,
) -> list[str]:
    """Write the figures, the report and the QGIS project beside the other products of a run.

    What fails here is said and left out: hours of mapping are worth more than their pictures.

    Args:
        product: the product behind the last hook; its folder gets the files.
        summary: of the run so far.
        post: the image after the event.
        pre: the image before it.
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
        post=post,
        pre=pre,
        **image_reading(reading),
    )
    tasks = {
        'figures': lambda: draw_figures(products, folder / FIGURES),
        'report': lambda: write_report(products, folder / REPORT),
        'project': lambda: write_qgis_project(products, home=out),
    }
    return list(_failures(tasks, folder, progress))


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
    with disk_errors(folder, advice=ANOTHER_FOLDER):
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


def _write_area(
    area: AreaOfInterest, grid: RasterGrid, folder: Path, origin: Mapping[str, Any]
) -> None:
    """Write ``area_of_interest.gpkg``, in the CRS of the scene."""
    table = gpd.GeoDataFrame(
        {'name': [area.path.name]}, geometry=[shapely.union_all(area.polygons)], crs=grid.crs
    )
    layer = Layer(AREA_OF_INTEREST, AREA_OF_INTEREST, table)
    write_inventory([layer], folder, [f'{AREA_OF_INTEREST}.gpkg'], origin)


def rewrite_report(
    out: Path, *, post: Path, pre: Path | None = None, target: Path | None = None
) -> Path:
    """Write the report of a finished run anew.

    Args:
        out: folder of the run.
        post: the image that was mapped.
        pre: the image before the event; None to do without.
        target: page to write, replacing what is there; None for ``report.html`` in ``out``.

    Returns:
        The page.

    Raises:
        InputFileError: if a product or an image is missing, cannot be read, or is not the run's.
        OutputError: if the page cannot be written.
    """
    require_run_folder(out)
    complete_finish(out)
    products = RunProducts.read(out, post=post, pre=pre)
    check_images(products.summary, {'post': post, 'pre': pre})
    target = target or out / 'report.html'
    write_report(products, target)
    return target


def check_images(summary: Mapping[str, Any], images: Mapping[str, Path | None]) -> None:
    """Refuse an image that is not the one that was mapped: outlines would lie on it wrongly.

    Args:
        summary: of the run.
        images: by role, ``post`` and ``pre``; None where there is none.

    Raises:
        InputFileError: if one is another image.
    """
    inputs = summary.get('provenance', {}).get('inputs', {})
    for role, path in images.items():
        known = inputs.get(role)
        if path is None or not known:
            continue
        given = describe_input(path)
        if given['sha256'] != known['sha256']:
            placed = known['name'] == placed_name(role, path)
            where = ', which lies among the products of the run' if placed else ''
            raise InputFileError(
                f'--{role} {path} is not the image that was mapped ({known["name"]}, SHA-256 '
                f'{known["sha256"][:12]}…): its SHA-256 is {given["sha256"][:12]}…; give that one'
                f'{where}'
            )
