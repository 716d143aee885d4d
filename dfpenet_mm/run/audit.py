"""An audit of a finished run: a sample drawn for an analyst, and what the verdicts tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio

from dfpenet_mm.audit.estimators import AuditError
from dfpenet_mm.audit.findings import (
    accuracy_findings,
    audit_sentences,
    count_findings,
    reliability_findings,
)
from dfpenet_mm.audit.points import FILE, has_verdicts, read_points, write_points
from dfpenet_mm.audit.sample import allocate, draw_sample, map_strata
from dfpenet_mm.errors import DfpenetError, OutputError
from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.rasters import open_raster
from dfpenet_mm.report.figures.reliability import RELIABILITY, draw_bins
from dfpenet_mm.report.qgis.project import FILENAME as PROJECT
from dfpenet_mm.report.qgis.project import (
    images_of_project,
    saved_by_qgis,
    write_qgis_project,
)
from dfpenet_mm.report.run_products import (
    RunProducts,
    inventory_name,
    read_layers,
    read_summary,
)
from dfpenet_mm.review import NOT_REVIEWED
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.folder import FIGURES
from dfpenet_mm.run.provenance import sha256
from dfpenet_mm.run.publish import check_images, rewrite_report
from dfpenet_mm.vocabulary import AUDIT, BACKGROUND, NODATA, SUMMARY
from dfpenet_mm.wording import counted
from postproc.inventory_statistics import REVIEW_RESULT

MASK, PROBABILITY = 'mask.tif', 'probability.tif'


@dataclass(frozen=True)
class AuditSample:
    """A sample that was drawn.

    Args:
        path: GeoPackage with the layer ``audit``.
        strata: name, pixels, square metres and points of each part of the map.
        sentences: the same, to read.
        notes: what could not be done.
    """

    path: Path
    strata: tuple[Mapping[str, Any], ...]
    sentences: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditFindings:
    """Findings of an audit.

    Args:
        findings: plain JSON values, as in ``summary.json`` under ``audit``.
        sentences: the same, to read.
        notes: what could not be done, or is to be known.
    """

    findings: Mapping[str, Any]
    sentences: tuple[str, ...]
    notes: tuple[str, ...]


def draw_audit(
    folder: Path, points: int = 200, *, seed: int = 0, overwrite: bool = False
) -> AuditSample:
    """Draw a stratified random sample of a finished run's pixels, to be judged in QGIS.

    Args:
        folder: of the run.
        points: of the sample.
        seed: of the draw.
        overwrite: replace an earlier sample that has verdicts.

    Returns:
        The sample, in ``audit.gpkg`` in the folder.

    Raises:
        DfpenetError: one sentence on whatever cannot work.
    """
    summary = require_run(folder)
    path = folder / FILE
    if path.exists() and not overwrite and has_verdicts(path):
        raise OutputError(
            f'{path} holds verdicts of an earlier audit, which would be lost; read them with '
            f'landslide-map audit estimate, or pass --overwrite to draw anew'
        )
    mask, probability = folder / MASK, folder / PROBABILITY
    strata = map_strata(mask, probability if probability.is_file() else None)
    shares = allocate(strata, points)
    sample = draw_sample(mask, strata, shares, seed)
    with open_raster(mask) as source:
        grid = RasterGrid.from_dataset(source)
    write_points(path, grid, strata, sample)
    rows = tuple(
        {
            'stratum': str(stratum.name),
            'pixels': stratum.pixels,
            'area_m2': stratum.area_m2,
            'points': number,
        }
        for stratum, number in zip(strata, shares, strict=True)
    )
    lines = tuple(
        f'{counted(number, "point")} of {counted(stratum.pixels, "pixel")} '
        f'({stratum.area_m2 / 1e6:,.3f} km2): {stratum.name}'
        for stratum, number in zip(strata, shares, strict=True)
    )
    return AuditSample(path, rows, lines, tuple(_show_points(folder, summary)))


def _show_points(folder: Path, summary: Mapping[str, Any]) -> Iterator[str]:
    """Lay the points into the run's QGIS project; say where that cannot be."""
    project = folder / PROJECT
    if not project.is_file():
        return
    by_hand = f'drag {FILE} into {PROJECT} in QGIS'
    if saved_by_qgis(project):
        yield f'{project} was saved in QGIS and stays as it is; {by_hand}'
        return
    images = {role: path for role, path in images_of_project(project).items() if path.exists()}
    try:
        check_images(summary, images)
        products = RunProducts.read(folder, post=images['post'], pre=images.get('pre'))
        with whole_file(project) as part:
            write_qgis_project(products, part, home=folder)
    except (KeyError, DfpenetError):
        yield f'the images are not where {PROJECT} has them, so that it stays as it is; {by_hand}'


def estimate_audit(
    folder: Path, *, post: Path | None = None, pre: Path | None = None
) -> AuditFindings:
    """Tell from the verdicts on a sample how right a map is, and how much landslide there is.

    The findings go into ``summary.json`` and, where the images are known, into the report.

    Args:
        folder: of the run, with ``audit.gpkg``.
        post: the image that was mapped, for the report; None for where the run's QGIS project
            has it.
        pre: the image before the event, likewise.

    Raises:
        DfpenetError: one sentence on whatever cannot work; nothing was changed then.
    """
    summary = require_run(folder)
    with open_raster(folder / MASK) as source:
        grid = RasterGrid.from_dataset(source)
    points, strata = read_points(folder / FILE, grid)
    codes = _at(folder / MASK, points)
    if (codes == NODATA).any():
        number = points['visit_order'].iloc[int(np.flatnonzero(codes == NODATA)[0])]
        raise AuditError(
            f'point {number:.0f} of {folder / FILE} lies where the map has no data, so the sample '
            f'is of another map; draw it anew with landslide-map audit draw'
        )
    found = accuracy_findings(points, strata, codes != BACKGROUND)
    landslides, rejected = read_layers(folder / inventory_name(summary))
    found['landslides'] = count_findings(landslides, rejected)
    found['mapped_area_m2'] = _mapped_m2(folder / MASK)
    found['mask_sha256'] = sha256(folder / MASK)
    if (folder / PROBABILITY).is_file():
        values = _at(folder / PROBABILITY, points).astype(float)
        found['reliability'] = reliability_findings(points, strata, values)
        review = summary.get('results', {}).get(REVIEW_RESULT, {'mark': NOT_REVIEWED})
        target = folder / FIGURES / RELIABILITY
        draw_bins(found['reliability'], target, mark=review['mark'])
        if 'files' in summary:
            names = {*summary['files'], f'{FIGURES}/{RELIABILITY}'}
            summary = {**summary, 'files': sorted(names)}
    with whole_file(folder / SUMMARY, durable=True) as part:
        text = json.dumps({**summary, AUDIT: found}, indent=2, allow_nan=False)
        part.write_text(text + '\n', encoding='utf-8')
    notes = [*_notes(found), *_renew_report(folder, post, pre)]
    return AuditFindings(found, tuple(audit_sentences(found)), tuple(notes))


def require_run(folder: Path) -> Mapping[str, Any]:
    """Read the summary of a finished run.

    Raises:
        InputFileError: if the folder is none of one.
    """
    require_run_folder(folder, MASK)
    return read_summary(folder / SUMMARY)


def _at(path: Path, points: gpd.GeoDataFrame) -> np.ndarray:
    """Read a raster at the pixels of points, shape (points,)."""
    with rasterio.open(path) as source:
        places = zip(points['row'].astype(int), points['col'].astype(int), strict=True)
        return np.array(
            [source.read(1, window=((row, row + 1), (col, col + 1)))[0, 0] for row, col in places]
        )


def _mapped_m2(mask: Path) -> float:
    strata = {stratum.name.name: stratum.area_m2 for stratum in map_strata(mask)}
    return strata.get('LANDSLIDE', 0.0)


def _notes(found: Mapping[str, Any]) -> list[str]:
    notes = []
    if found['open']:
        notes.append(
            f'{counted(found["open"], "point")} of {found["points"]:,} without a verdict; those '
            f'with one count as a random sample if whole rounds were looked at'
        )
    if found['cannot_tell']:
        areas = {name: area / 1e6 for name, area in found['area_if_unclear_m2'].items()}
        notes.append(
            f'{counted(found["cannot_tell"], "point")} that nobody could tell left out; the area '
            f'would be {areas["none"]:,.3f} km2 if none of them were landslide, and '
            f'{areas["all"]:,.3f} km2 if all were'
        )
    return notes


def _renew_report(folder: Path, post: Path | None, pre: Path | None) -> list[str]:
    known = images_of_project(folder / PROJECT)
    post, pre = post or known.get('post'), pre or known.get('pre')
    if post is None:
        return ['the report was not renewed; give the image that was mapped with --post']
    # The image before the event may be gone; the report does without it.
    pre = pre if pre is not None and pre.exists() else None
    try:
        rewrite_report(folder, post=post, pre=pre)
    except DfpenetError as error:
        return [f'the report was not renewed: {error}']
    return []
