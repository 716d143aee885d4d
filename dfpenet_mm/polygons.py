"""Polygons of a vector file, in any CRS: read, mended, and brought to a scene."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely
from pyproj.exceptions import ProjError
from rasterio.crs import CRS

from dfpenet_mm.errors import InputFileError, VectorFormatError, brief
from dfpenet_mm.grid import RasterGrid, turn_of
from dfpenet_mm.longitudes import beside, cut_wide, unbroken
from dfpenet_mm.rasters import crs_fault
from dfpenet_mm.source_files import gdal_name, require_file
from dfpenet_mm.vocabulary import LANDSLIDES
from dfpenet_mm.wording import counted

POLYGON = shapely.GeometryType.POLYGON
AREAL = (POLYGON, shapely.GeometryType.MULTIPOLYGON)
# Pieces into which the longest side of all polygons is cut, at least, before they are moved: a
# long straight line of one CRS is bent in another.
PIECES = 256
# Coordinates beyond are nowhere on Earth in any unit, and GEOS cannot reckon with them.
FARTHEST = 1e12
# Formats for which the wheels of GDAL have no driver.
UNREADABLE = ('.parquet', '.geoparquet')
# Whatever GDAL, its drivers and the encodings of names raise.
READ_ERRORS = (RuntimeError, ValueError, OSError)
TABLE = re.compile(r'GPKG:(?P<file>.+\.gpkg):(?P<layer>[^:/]+)', re.IGNORECASE)
# Of several layers the one that landslide-map writes, unless the file is an area.
MAY_BE_RASTERS = ('reference', 'prediction')
# How to name a layer, by what the file is for.
NAMING = {
    'reference': 'name that of the landslides with --reference-layer, or while mapping with '
    '--cfg-options postproc.N.layer=NAME (N: place of the comparison in the list, from 0)',
    'prediction': 'name that of the landslides with --layer',
    'inventory': 'name that of the landslides with --layer',
    'evaluation area': 'name that of the area with --area-layer',
}


@dataclass(frozen=True, eq=False)
class Polygons:
    """Single valid polygons with an area, in their own CRS.

    Args:
        path: the vector file.
        layer: the layer that was read.
        role: what they are, for messages, such as ``area of interest``.
        shapes: the polygons; of those in degrees none jumps at the antimeridian.
        records: position of the feature of each polygon, shape (polygons,).
        fids: number of every feature in the file, shape (features,).
        ids: the column ``id``, shape (features,); None without one.
        mended: features that were invalid and made valid.
    """

    path: Path
    layer: str
    role: str
    shapes: gpd.GeoSeries
    records: np.ndarray
    fids: np.ndarray
    ids: np.ndarray | None
    mended: int

    @property
    def features(self) -> int:
        """Number of features of the layer."""
        return len(self.fids)

    @cached_property
    def ignored(self) -> int:
        """Number of those that are empty, unreadable, nowhere on Earth or no polygons."""
        return len(self.fids) - len(np.unique(self.records))

    def on_grid(self, grid: RasterGrid) -> np.ndarray:
        """Return the polygons as ``in_crs``, those in degrees on the turn of a scene."""
        near = replace(self, shapes=cut_wide(self.shapes, grid))
        return near.in_crs(grid.crs, grid.center[0])

    def in_crs(self, crs: CRS | pyproj.CRS, center_x: float | None = None) -> np.ndarray:
        """Return the polygons in another CRS.

        Args:
            crs: the one wanted.
            center_x: middle of the scene, map units: with a geographic ``crs``, longitudes are
                brought within half a turn of it; None for the first polygon's.

        Returns:
            Valid polygons or multipolygons, shape (polygons,), empty where ``crs`` cannot show
            them.

        Raises:
            VectorFormatError: if there is no way from their CRS to that one.
        """
        moved = self.shapes.to_numpy()
        if not self.shapes.crs.equals(pyproj.CRS.from_user_input(crs), ignore_axis_order=True):
            try:
                there = unbroken(densified(self.shapes).to_crs(crs))
            except (ProjError, ValueError) as error:
                raise VectorFormatError(
                    f'the {self.role} {self.path} cannot be brought into the CRS of the scene '
                    f'({brief(error)}); give it in that CRS, for example with ogr2ogr -t_srs'
                ) from error
            # Bent lines may cross.
            moved = areas(_on_earth(there.to_numpy()))
        turn = turn_of(crs)
        return moved if turn is None else beside(moved, turn, center_x)


def densified(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Cut long sides into pieces, as a long straight line of one CRS is bent in another.

    Args:
        shapes: geometries; missing ones stay.

    Returns:
        The same with further vertices: no side is longer than a share 1 / ``PIECES`` of the whole.
    """
    if not len(shapes):
        return shapes
    left, bottom, right, top = shapes.total_bounds
    longest = max(right - left, top - bottom)
    return shapes.segmentize(longest / PIECES) if longest > 0 else shapes


def mend(geometries: np.ndarray) -> np.ndarray:
    """Make geometries valid: what a shell surrounds is area, but for what a hole surrounds."""
    return shapely.make_valid(geometries, method='structure', keep_collapsed=False)


def areas(geometries: np.ndarray) -> np.ndarray:
    """Mend geometries so that they can be intersected: valid, two-dimensional, areas only.

    Args:
        geometries: of any kind, None too, shape (geometries,).

    Returns:
        As many polygons or multipolygons; what has no area is an empty polygon.
    """
    # A copy of the table only: a scene's polygons fill hundreds of megabytes.
    flat = np.array(geometries, dtype=object)
    solid = shapely.has_z(flat)
    flat[solid] = shapely.force_2d(flat[solid])
    flat[shapely.is_missing(flat)] = shapely.Polygon()
    broken = ~shapely.is_valid(flat)
    flat[broken] = mend(flat[broken])
    for row in np.flatnonzero(~np.isin(shapely.get_type_id(flat), AREAL)):
        parts = shapely.get_parts(flat[row])
        flat[row] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), AREAL)])
    flat[shapely.area(flat) == 0] = shapely.Polygon()
    return flat


def read_polygons(
    path: Path, role: str, layer: str | None = None, *, may_be_empty: bool = False
) -> Polygons:
    """Read the polygons of a vector file.

    Rings that do not close are closed, Z values dropped, invalid polygons mended, multipolygons
    taken apart.

    Args:
        path: GeoPackage, Shapefile, GeoJSON or whatever else GDAL reads: a folder, a zip
            archive, a name such as ``/vsizip/a.zip/b.shp`` or ``GPKG:a.gpkg:layer``.
        role: what the polygons are, for messages.
        layer: a layer's name; None for the only one, or among several for ``landslides``, which
            is no area.
        may_be_empty: let a layer without any feature pass: nothing was predicted.

    Returns:
        The polygons.

    Raises:
        InputFileError: if the file is missing or cannot be read.
        VectorFormatError: if it has no such layer, no CRS on Earth, or no polygon.
    """
    what = f'the {role} {path}'
    table = TABLE.fullmatch(str(path))
    source, layer = (Path(table['file']), layer or table['layer']) if table else (path, layer)
    require_file(source, what)
    if source.suffix.lower() in UNREADABLE:
        raise InputFileError(
            f'{what} is GeoParquet, which this GDAL cannot read; save it as a '
            f'GeoPackage in QGIS, or give the one that was written beside it'
        )
    name = gdal_name(source)
    try:
        with warnings.catch_warnings():
            # Of rings that do not close, and numbers that are none: both are mended here.
            warnings.simplefilter('ignore', RuntimeWarning)
            layers = [name for name, kind in pyogrio.list_layers(name) if kind is not None]
            chosen = _choose(what, layers, layer, role)
            meta, fids, geometries, fields = pyogrio.raw.read(
                name, layer=chosen, columns=['id'], return_fids=True, force_2d=True
            )
    except READ_ERRORS as error:
        raster = role in MAY_BE_RASTERS
        how = 'can be read neither as a raster nor' if raster else 'cannot be read'
        raise InputFileError(
            f'{what} {how} as a vector file ({brief(error)}); give a GeoPackage, Shapefile, '
            f'GeoJSON or FileGDB folder, with all of its files'
        ) from error
    what = f'{what}, layer {chosen},'
    crs = _crs(what, meta['crs'])
    # A ring that does not close is closed, as GIS programs do; what no ring can be is left out.
    column = gpd.GeoSeries(shapely.from_wkb(geometries, on_invalid='fix'), crs=crs)
    shapes = unbroken(gpd.GeoSeries(_on_earth(column.to_numpy()), crs=crs)).to_numpy()
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    parts, records = _single_polygons(areas(shapes))
    if not len(parts) and not (may_be_empty and not len(fids)):
        kinds = ', '.join(sorted(set(column.geom_type.dropna()))) or 'empty'
        found = f'{counted(len(fids), "feature")} of type {kinds}' if len(fids) else 'no feature'
        raise VectorFormatError(
            f'{what} has {found} and no polygon with an area; give the outlines of '
            f'{"areas" if "area" in role else "landslides"}'
        )
    return Polygons(
        path=path,
        layer=chosen,
        role=role,
        shapes=gpd.GeoSeries(parts, crs=crs),
        records=records,
        fids=fids,
        ids=_plain(fields),
        mended=int(broken[np.unique(records)].sum()),
    )


def _choose(what: str, layers: list[str], layer: str | None, role: str) -> str:
    if layer is None and len(layers) == 1:
        return layers[0]
    wanted = layer or ('' if 'area' in role else LANDSLIDES)
    if wanted in layers:
        return wanted
    advice = NAMING.get(role, 'give a file with one layer')
    raise VectorFormatError(
        f'{what} has the layers {", ".join(layers) or "(none)"}'
        f'{f" and none is {wanted!r}" if wanted else ""}; {advice}'
    )


def _crs(what: str, text: str | None) -> pyproj.CRS:
    if text is None:
        raise VectorFormatError(
            f'{what} has no CRS, so it has no place; assign one, for example with '
            f'ogr2ogr -a_srs EPSG:CODE'
        )
    try:
        crs = pyproj.CRS.from_user_input(text)
        fault = crs_fault(crs)
    except ProjError as error:
        fault = f'has a CRS that PROJ does not know ({brief(error)})'
    if fault:
        raise VectorFormatError(
            f'{what} {fault}; assign the right one, for example with ogr2ogr -a_srs EPSG:CODE'
        )
    return crs


def _plain(fields: list[np.ndarray]) -> np.ndarray | None:
    """Return the only column; None if there is none, or if it holds lists."""
    if not fields or any(isinstance(value, list | dict | np.ndarray) for value in fields[0]):
        return None
    return fields[0]


def _on_earth(geometries: np.ndarray) -> np.ndarray:
    """Leave out geometries with a coordinate that is nowhere."""
    kept = np.array(geometries, dtype=object)
    bounds = shapely.bounds(kept).reshape(-1, 4)
    kept[~(np.abs(bounds) < FARTHEST).all(axis=1)] = None
    return kept


def _single_polygons(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of areas, in their order, and the position of each one's whole."""
    # Taking a polygon apart would copy it.
    whole = shapely.get_type_id(geometries) == POLYGON
    compound = np.flatnonzero(~whole)
    parts, index = shapely.get_parts(geometries[compound], return_index=True)
    owners = np.concatenate([np.flatnonzero(whole), compound[index]])
    order = np.argsort(owners, kind='stable')
    parts, owners = np.concatenate([geometries[whole], parts])[order], owners[order]
    solid = shapely.area(parts) > 0
    return parts[solid], owners[solid]
