"""Everything of a run as a project for QGIS: open it, and the inventory lies on the images."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pyogrio
import rasterio
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from dfpenet_mm.files import disk_errors, read_errors
from dfpenet_mm.grid import RasterGrid, planar_within
from dfpenet_mm.report.qgis import raster_style
from dfpenet_mm.report.qgis.print_layout import PrintLayout
from dfpenet_mm.report.qgis.project_file import Project, ProjectLayer
from dfpenet_mm.report.run_products import RunProducts, inventory_name
from dfpenet_mm.source_files import gdal_name
from dfpenet_mm.vocabulary import (
    AREA_OF_INTEREST,
    AUDIT,
    HEADSCARPS,
    LANDSLIDE,
    LANDSLIDE_COLOUR,
    LANDSLIDES,
    PLACES_TO_CHECK,
    REJECTED,
    REVIEW,
    REVIEWED_AREA,
)

FILENAME = 'landslides.qgs'
STYLES = 'SELECT f_table_name, styleQML FROM layer_styles ORDER BY id'
# QGIS's names of what it measures on.
WGS84_ELLIPSOID, PLANE = 'EPSG:7030', 'NONE'
# Latitudes between which UTM is defined, and the codes of UPS, which is beyond.
UTM_SOUTH, UTM_NORTH = -80, 84
UPS_NORTH, UPS_SOUTH = 32_661, 32_761
VERDICTS = {'TP': 'TP hit', 'FP': 'FP false alarm', 'FN': 'FN miss'}
IMAGES = {'post': 'after the event', 'pre': 'before the event'}
TITLES = {
    AUDIT: 'audit',
    AREA_OF_INTEREST: 'dark: outside the area of interest',
    HEADSCARPS: 'headscarps and toes',
    PLACES_TO_CHECK: 'places to check',
    LANDSLIDES: 'landslides',
    REJECTED: 'rejected regions',
    REVIEWED_AREA: 'reviewed area',
    'predicted': 'predicted landslides',
    'reference': 'reference landslides',
}


def write_qgis_project(
    run: RunProducts, path: Path | None = None, *, home: Path | None = None
) -> Path:
    """Write a project that opens the images, the rasters and the styled inventory of a run.

    Args:
        run: a finished run.
        path: file to write, ending in ``.qgs``; None for ``landslides.qgs`` in its folder. The
            project finds the products and the images relative to itself.
        home: folder that the project and the products will be moved to; None for where they are.

    Returns:
        The file.

    Raises:
        InputFileError: if an image or a product cannot be read.
        OutputError: if the file cannot be written.
    """
    path = run.folder / FILENAME if path is None else path
    groups = {
        # It was drawn after the run, and does not move with the products.
        'Audit': list(_audit((home or run.folder) / f'{AUDIT}.gpkg')),
        'Inventory': list(_inventory(run)),
        'Evaluation': list(_evaluation(run)),
        'Statistics': list(_statistics(run)),
        'Recognition': list(_recognition(run)),
        'Images': list(_images(run)),
    }
    crs = _map_crs(run.grid)
    bounds = rasterio.transform.array_bounds(*run.grid.shape, run.grid.transform)
    extent = bounds if crs == run.grid.crs else transform_bounds(run.grid.crs, crs, *bounds)
    project = Project(
        title=f'Landslides of {run.post.name}',
        crs=crs,
        extent=extent,
        ellipsoid=_ellipsoid(run),
        groups={
            name: [_moved(layer, run.folder, home or run.folder) for layer in layers]
            for name, layers in groups.items()
            if layers
        },
        layout=_layout(run, crs, extent, groups['Inventory']),
    )
    with disk_errors(path):
        path.write_text(project.as_xml(home or path.parent), encoding='utf-8')
    return path


def _layout(
    run: RunProducts,
    crs: CRS,
    extent: tuple[float, float, float, float],
    inventory: Sequence[ProjectLayer],
) -> PrintLayout:
    legend = [(layer.key, layer.name) for layer in inventory if layer.layer != PLACES_TO_CHECK]
    states = [layer.key for layer in inventory if TITLES.get(layer.layer, LANDSLIDES) == LANDSLIDES]
    reviewed = REVIEW in run.landslides
    return PrintLayout(
        crs=crs,
        extent=extent,
        legend=legend,
        landslides=states[0] if states and reviewed else '',
        mark=run.review.mark if run.review.begun else None,
    )


def images_of_project(path: Path) -> dict[str, Path]:
    """Read where a run's project finds the images.

    Args:
        path: project that a run wrote, perhaps saved by QGIS since.

    Returns:
        The images by role, ``post`` and perhaps ``pre``; empty where there is no such project.
    """
    try:
        layers = ElementTree.parse(path).iter('maplayer')
    except (OSError, ElementTree.ParseError):
        return {}
    found = {layer.findtext('layername'): layer.findtext('datasource') for layer in layers}
    sources = {role: found.get(title) for role, title in IMAGES.items()}
    return {role: _source(path.parent, text) for role, text in sources.items() if text}


def _source(folder: Path, text: str) -> Path:
    return Path(text) if text.startswith('/vsi') else Path(os.path.normpath(folder / text))


def _map_crs(grid: RasterGrid) -> CRS:
    """Return the scene's CRS, or one in metres around the middle of a scene in degrees."""
    if not grid.crs.is_geographic:
        return grid.crs
    lon, lat = grid.center
    if not UTM_SOUTH <= lat <= UTM_NORTH:
        return CRS.from_epsg(UPS_NORTH if lat > 0 else UPS_SOUTH)
    zone = int((lon + 180) % 360 // 6) + 1
    return CRS.from_epsg((32_600 if lat >= 0 else 32_700) + zone)


def _ellipsoid(run: RunProducts) -> str:
    """Return what the fields of the inventory were measured on."""
    scene = rasterio.transform.array_bounds(*run.grid.shape, run.grid.transform)
    extent = run.landslides.total_bounds if len(run.landslides) else scene
    return PLANE if planar_within(run.grid.crs, extent) else WGS84_ELLIPSOID


def _audit(package: Path) -> Iterator[ProjectLayer]:
    if package.is_file():
        yield from _vectors(package, shown=True)


def saved_by_qgis(path: Path) -> bool:
    """Tell whether somebody saved a project in QGIS, with work of theirs in it."""
    try:
        return ElementTree.parse(path).getroot().get('saveDateTime') is not None
    except (OSError, ElementTree.ParseError):
        return False


def _inventory(run: RunProducts) -> Iterator[ProjectLayer]:
    area = run.product(f'{AREA_OF_INTEREST}.gpkg')
    if area is not None:
        yield from _vectors(area, shown=True)
    package = run.product(inventory_name(run.summary))
    if package is None:
        return
    layers = {layer.layer: layer for layer in _vectors(package, shown=True)}
    # Points above outlines, outlines above areas; a site's own name is that of landslides.
    titles = list(TITLES)
    places = {name: titles.index(name if name in titles else LANDSLIDES) for name in layers}
    for name in sorted(layers, key=places.__getitem__):
        yield layers[name]


def _evaluation(run: RunProducts) -> Iterator[ProjectLayer]:
    package, raster = run.product('evaluation.gpkg'), run.product('evaluation.tif')
    if package is not None:
        yield from _vectors(package, shown=False)
    if raster is not None:
        with rasterio.open(raster) as source:
            colours, values = source.colormap(1), source.tags(1)
            crs = source.crs
        shown = {int(values[name]): (label, colours[int(values[name])])
                 for name, label in VERDICTS.items() if name in values}  # fmt: skip
        style = raster_style.classes(shown)
        yield ProjectLayer('hits, false alarms and misses', raster, crs, style, shown=False)


def _statistics(run: RunProducts) -> Iterator[ProjectLayer]:
    path = run.product('statistics.tif')
    if path is not None:
        style = raster_style.density(path)
        yield ProjectLayer('landslides a km²', path, _crs_of(path), style, shown=False)


def _recognition(run: RunProducts) -> Iterator[ProjectLayer]:
    landslide = {LANDSLIDE: ('landslide', LANDSLIDE_COLOUR)}
    for name, file, style in (
        ('mask', 'mask.tif', raster_style.classes(landslide)),
        ('probability', 'probability.tif', raster_style.probability()),
        ('mask before the event', 'pre_mask.tif', raster_style.classes(landslide)),
        ('probability before the event', 'pre_probability.tif', raster_style.probability()),
    ):
        path = run.product(file)
        if path is not None:
            yield ProjectLayer(name, path, run.grid.crs, style, shown=False)


def _images(run: RunProducts) -> Iterator[ProjectLayer]:
    for name, path in ((IMAGES['post'], run.post), (IMAGES['pre'], run.pre)):
        if path is not None:
            style = raster_style.image(path, **run.reading)
            # Below the other one it would fill in where that has no data, and nothing was mapped.
            yield ProjectLayer(name, path, _crs_of(path), style, shown=path == run.post)


def _moved(layer: ProjectLayer, folder: Path, home: Path) -> ProjectLayer:
    """Return a layer as it will be when what lies in ``folder`` has moved to ``home``."""
    if not layer.path.is_relative_to(folder):
        return layer
    return replace(layer, path=home / layer.path.relative_to(folder))


def _crs_of(path: Path) -> CRS:
    with rasterio.open(gdal_name(path)) as source:
        return source.crs


def _vectors(package: Path, *, shown: bool) -> Iterator[ProjectLayer]:
    """Yield the layers of a GeoPackage that have a style, in the order of their styles."""
    with (
        read_errors(package, how='has no styles', advice='map again, or open it in QGIS by itself'),
        closing(sqlite3.connect(f'{package.resolve().as_uri()}?mode=ro', uri=True)) as database,
    ):
        styles = database.execute(STYLES).fetchall()
    for layer, style in styles:
        crs = CRS.from_user_input(pyogrio.read_info(package, layer=layer)['crs'])
        yield ProjectLayer(TITLES.get(layer, layer), package, crs, style, layer, shown)
