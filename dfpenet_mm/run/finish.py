"""A reviewed run finished: measured again, and everything that is handed over renewed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import rasterio

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.files import disk_errors, flush_to_disk
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.report.run_products import inventory_name, read_summary
from dfpenet_mm.run.carried_review import carry_review
from dfpenet_mm.run.edited_inventory import EditedInventory, read_edited, require_closed
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.finished_summary import VECTORISER, finished_summary, left_open, with_files
from dfpenet_mm.run.folder import MOVING, complete_finish, product_names
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import lasting, sha256
from dfpenet_mm.run.remeasure import remeasured
from dfpenet_mm.run.renewed_pictures import images_of_run, renew_pictures
from dfpenet_mm.run.settled_inventory import settle
from dfpenet_mm.run.summary_file import write_summary
from dfpenet_mm.run.work_folder import open_work_folder
from dfpenet_mm.vocabulary import ORIGINAL, PROVENANCE_KEY, SUMMARY
from postproc.inventory.formats import FORMATS, check_filenames, write_inventory
from postproc.inventory_statistics import InventoryStatistics
from postproc.masks.burner import write_final_mask
from postproc.product import LandslideProduct
from postproc.terrain.dem import DEM, check_dem

ROLES = ('mask', 'probability', 'pre_mask', 'pre_probability')
STATISTICS = 'InventoryStatistics'
# Stages of a run that it goes through again.
EXPECTED = ('postproc', 'figures', 'report', 'project')
KEPT_IN_PLACE = 'put it back, or give the folder of a finished run'


@dataclass(frozen=True)
class FinishedRun:
    """The result of finishing a run.

    Args:
        folder: of the run.
        summary: as in its ``summary.json``.
        notes: sentences on what was mended.
        files: the products.
        changed: False where everything was finished already.
    """

    folder: Path
    summary: Mapping[str, Any]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    changed: bool = True


def finish_run(
    folder: Path,
    *,
    post: Path | None = None,
    pre: Path | None = None,
    dem: Path | None = None,
    formats: Sequence[str] = (),
    reviewer: str | None = None,
    progress: RunProgress | None = None,
) -> FinishedRun:
    """Make a run's products those of its inventory as an analyst left it.

    Args:
        folder: of the run.
        post: the image that was mapped; None for where the run's QGIS project has it.
        pre: the image before the event; likewise.
        dem: elevation model, to measure the terrain of changed outlines; None to leave it empty.
        formats: extensions of further formats, such as ``geojson``.
        reviewer: who signs what nobody has signed.
        progress: times the stages; None to show nothing.

    Returns:
        What was done. A second call without further edits changes no file.

    Raises:
        DfpenetError: one sentence on whatever cannot work; the folder is as it was.
    """
    return _finish(
        folder,
        post=post,
        pre=pre,
        dem=dem,
        formats=formats,
        reviewer=reviewer,
        review=None,
        pictures=True,
        progress=progress or RunProgress(),
    )


def finish_with_review(
    folder: Path,
    review: EditedInventory | None,
    *,
    post: Path,
    pre: Path | None,
    pictures: bool,
    progress: RunProgress,
) -> FinishedRun:
    """Finish a map on which the findings on an earlier map of the same scene stand.

    Args:
        folder: of the run.
        review: of the earlier map, as of ``read_review``; None where they are in it already.
        post: the image that was mapped.
        pre: the image before the event; None without one.
        pictures: renew report, figures and QGIS project.
        progress: times the stages.

    Raises:
        DfpenetError: as ``finish_run``.
    """
    return _finish(
        folder,
        post=post,
        pre=pre,
        dem=None,
        formats=(),
        reviewer=None,
        review=review,
        pictures=pictures,
        progress=progress,
    )


def _finish(
    folder: Path,
    *,
    post: Path | None,
    pre: Path | None,
    dem: Path | None,
    formats: Sequence[str],
    reviewer: str | None,
    review: EditedInventory | None,
    pictures: bool,
    progress: RunProgress,
) -> FinishedRun:
    extensions = _extensions(formats)
    require_run_folder(folder)
    complete_finish(folder)
    summary = read_summary(folder / SUMMARY)
    path = folder / inventory_name(summary)
    if not path.is_file() or 'totals' not in summary:
        raise InputFileError(f'{path} is missing; {KEPT_IN_PLACE}')
    require_closed(path)
    names = _names(summary, extensions, path.name)
    more = not (reviewer is None and dem is None and review is None)
    if not more and _is_finished(folder, summary, path, names):
        return FinishedRun(folder, summary, (), _files(folder, summary), changed=False)
    images, notes = images_of_run(folder, summary, post, pre)
    stamp = _stamp(path)
    with open_work_folder(folder, overwrite=False, resume=False) as work:
        with progress.running('postproc'):
            product = _product(folder, work.products, summary, dem)
            progress.expect(product.grid.shape[0] * product.grid.shape[1], stages=EXPECTED)
            edited = read_edited(path, product.grid)
            original = folder / ORIGINAL
            run = read_edited(original, product.grid) if original.is_file() else None
            edited = settle(edited, run, summary)
            if review is not None:
                edited = carry_review(edited, review)
            product, layers = remeasured(
                edited, product, summary, reviewer=reviewer, now=datetime.now(UTC)
            )
            written = write_inventory(layers, work.products, names, product.provenance)
            product = _renewed(product, summary)
        summary = finished_summary(
            summary, product, layers, asked=names, written=written, notes=edited.notes
        )
        failures = renew_pictures(product, summary, images, folder, progress) if pictures else []
        with disk_errors(folder):
            if not original.exists():
                shutil.copyfile(path, work.products / ORIGINAL)
            summary = with_files(summary, failures, folder, work.products, path.name)
            write_summary(summary, work.products / SUMMARY)
            for name in product_names(work.products):
                flush_to_disk(work.products / name)
            _require_unchanged(path, stamp)
            work.products.rename(folder / MOVING)
        complete_finish(folder)
    notes += left_open(summary)
    return FinishedRun(folder, summary, (*edited.notes, *notes), _files(folder, summary))


def _extensions(formats: Sequence[str]) -> list[str]:
    known = sorted(extension.removeprefix('.') for extension in FORMATS)
    for name in formats:
        if name not in known:
            raise ConfigError(
                f'{name!r} is no format of an inventory; give one or several of {", ".join(known)}'
            )
    return [f'.{name}' for name in formats]


def _names(summary: Mapping[str, Any], extensions: Sequence[str], inventory: str) -> list[str]:
    """Name the files of the inventory: those that there are, and those asked for."""
    told = (summary.get('results', {}).get(VECTORISER) or {}).get('asked')
    for record in summary.get('hooks') or ():
        if record['hook'] == VECTORISER and told is None:
            told = (record.get('parameters') or {}).get('filename')
    earlier = [told] if isinstance(told, str) else list(told or ())
    stem = Path(inventory).stem
    names = dict.fromkeys([inventory, *earlier, *(f'{stem}{suffix}' for suffix in extensions)])
    check_filenames(list(names))
    return list(names)


def _is_finished(
    folder: Path, summary: Mapping[str, Any], path: Path, names: Sequence[str]
) -> bool:
    told = (summary.get('review') or {}).get('inventory_sha256')
    return told == sha256(path) and all((folder / name).exists() for name in names)


def _stamp(path: Path) -> list[tuple[int, int, int]]:
    """Return what changes when a GeoPackage is written to."""
    files = [path.with_name(f'{path.name}{suffix}') for suffix in ('', '-wal', '-journal')]
    found = [file.stat() for file in files if file.exists()]
    return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in found]


def _require_unchanged(path: Path, stamp: list[tuple[int, int, int]]) -> None:
    if _stamp(path) != stamp:
        raise InputFileError(
            f'{path} was edited while it was read, and nothing was changed; save the edits, close '
            f'the project in QGIS, and try again'
        )


def _product(
    folder: Path, out: Path, summary: Mapping[str, Any], dem: Path | None
) -> LandslideProduct:
    """Return the rasters of a run, as its hooks had them."""
    rasters = {role: folder / f'{role}.tif' for role in ROLES if (folder / f'{role}.tif').is_file()}
    if 'mask' not in rasters:
        raise InputFileError(f'{folder / "mask.tif"} is missing; {KEPT_IN_PLACE}')
    try:
        with rasterio.open(rasters['mask']) as source:
            grid = RasterGrid.from_dataset(source)
    except rasterio.errors.RasterioError as error:
        raise InputFileError(
            f'{rasters["mask"]} cannot be read ({error}); {KEPT_IN_PLACE}'
        ) from error
    if dem is not None:
        check_dem(dem, grid)
    return LandslideProduct(
        landslides=gpd.GeoDataFrame(geometry=[], crs=grid.crs),
        grid=grid,
        rasters=rasters,
        out_dir=out,
        layers={} if dem is None else {DEM: dem},
        provenance=lasting(summary.get('provenance', {})),
    )


def _renewed(product: LandslideProduct, summary: Mapping[str, Any]) -> LandslideProduct:
    """Write the mask and the statistics anew, as far as the run wrote statistics."""
    tags = {PROVENANCE_KEY: json.dumps(dict(product.provenance), sort_keys=True)}
    plain = write_final_mask(product, product.out_dir / 'plain_mask.tif')
    write_cog(plain, product.out_dir / 'mask.tif', tags)
    plain.unlink()
    for record in summary.get('hooks') or ():
        if record['hook'] == STATISTICS:
            product = InventoryStatistics(**(record.get('parameters') or {}))(product)
    return product


def _files(folder: Path, summary: Mapping[str, Any]) -> tuple[Path, ...]:
    return tuple(folder / name for name in summary.get('files') or ())
