"""What people look at: the figures, the report and the QGIS project of a run."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from dfpenet_mm.errors import DfpenetError, OutputError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.report.figures.all_figures import draw_figures
from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.qgis.project import write_qgis_project
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.run.folder import FIGURES, disk_errors
from dfpenet_mm.run.inputs import MappingInputs
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, PROVENANCE_KEY
from postproc.inventory.formats import write_inventory
from postproc.inventory.layer import Layer
from postproc.inventory.measures import areas_m2
from postproc.pipeline import HookRecord
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


def write_rasters(rasters: Mapping[str, Path], folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the products of a run.

    Args:
        rasters: complete rasters by the names of the products.
        folder: where to write them, as ``NAME.tif``.
        origin: the lasting part of the run's provenance.

    Raises:
        OutputError: if the disk refuses.
    """
    for name, path in rasters.items():
        tags = {PROVENANCE_KEY: json.dumps(origin, sort_keys=True)}
        write_cog(path, folder / f'{name}.tif', tags)


def write_area(
    area: AreaOfInterest, grid: RasterGrid, folder: Path, origin: Mapping[str, Any]
) -> None:
    """Write the area of interest as ``area_of_interest.gpkg``, in the scene's CRS.

    Args:
        area: as read.
        grid: the scene's.
        folder: where to write it.
        origin: the lasting part of the run's provenance.

    Raises:
        OutputError: if the disk refuses.
    """
    table = gpd.GeoDataFrame(
        {'name': [area.path.name]}, geometry=[shapely.union_all(area.polygons)], crs=grid.crs
    )
    layer = Layer(AREA_OF_INTEREST, AREA_OF_INTEREST, table)
    write_inventory([layer], folder, [f'{AREA_OF_INTEREST}.gpkg'], origin)


def describe_grid(grid: RasterGrid) -> dict[str, Any]:
    """Describe the grid of the scene; lengths in metres at its centre."""
    return {
        'crs': grid.crs.to_string(),
        'rows': grid.shape[0],
        'cols': grid.shape[1],
        'transform': list(grid.transform)[:6],
        'pixel_size_m': list(grid.pixel_size),
        'gsd_m': grid.gsd,
    }


def describe_area(area: AreaOfInterest | None, grid: RasterGrid) -> dict[str, Any] | None:
    """Name the area of interest, and count its pixels; None for the whole scene."""
    if area is None:
        return None
    return {'name': area.path.name, 'pixels': area.count_pixels(grid.shape)}


def describe_totals(product: LandslideProduct) -> dict[str, Any]:
    """Count and measure the landslides of the inventory."""
    table = product.landslides
    areas = areas_m2(table)
    coverage = table.get('pre_coverage')
    return {
        'landslides': len(table),
        'area_m2': float(areas.sum()),
        'largest_m2': float(areas.max()) if len(table) else None,
        'median_m2': float(np.median(areas)) if len(table) else None,
        'without_pre_event_data': None if coverage is None else int((coverage == 0).sum()),
        'rejected': 0 if product.rejected is None else len(product.rejected),
    }


def evaluations(product: LandslideProduct) -> dict[str, Any] | None:
    """Return what every evaluator found, by its name; None without a reference."""
    found = {
        name: result
        for name, result in product.results.items()
        if isinstance(result, Mapping) and result.get('reference')
    }
    return found or None


def summarise(
    *,
    product: LandslideProduct,
    records: Sequence[HookRecord],
    recognition: Mapping[str, Mapping[str, Any]],
    choice: str | None = None,
    pre_event: Mapping[str, Any] | None = None,
    area: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Gather a run's findings.

    Args:
        product: the product behind the last hook.
        records: what every hook did.
        recognition: what mapping each scene came to, by role (``post``, ``pre``).
        choice: why this backend ran; None where the config said so.
        pre_event: how the pre-event image compares with the post-event one; None without it.
        area: as from ``describe_area``.
        provenance: where the run comes from, its command and its time included.
        seconds: time of every stage.

    Returns:
        Plain JSON values.
    """
    return {
        'totals': describe_totals(product),
        'warnings': list(product.warnings),
        'recognised_regions': records[0].regions_in if records else len(product.landslides),
        'hooks': [record.as_dict() for record in records],
        'results': dict(product.results),
        'evaluation': evaluations(product),
        'scene': describe_grid(product.grid),
        'area_of_interest': None if area is None else dict(area),
        'recognition': dict(recognition),
        'backend_choice': choice,
        'pre_event': None if pre_event is None else dict(pre_event),
        'seconds': {stage: round(taken, 3) for stage, taken in seconds.items()},
        'provenance': dict(provenance),
    }


def write_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Write it as JSON, which has no NaN: a value that is none is a defect and raises."""
    path.write_text(json.dumps(summary, indent=2, allow_nan=False) + '\n', encoding='utf-8')
