"""An inventory or an area that is a vector file, in any CRS."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from rasterio.crs import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dfpenet_mm.errors import InputFileError, VectorFormatError
from dfpenet_mm.polygons import densified, mend
from postproc.atomic import brief
from postproc.reference.antimeridian import beside, unbroken

POLYGON = shapely.GeometryType.POLYGON
# Parts of one record that are no farther apart than this share of their coordinates touch: the
# two halves of a landslide cut at the antimeridian meet again to the last digits only.
ROUNDING = 1e-9
# Formats for which the wheels of GDAL have no driver.
UNREADABLE = ('.parquet', '.geoparquet')
# How to name a layer, by what the file is for.
NAMING = {
    'reference': 'set layer to that of the landslides in ConsistencyEvaluator, in the config or '
    'with --cfg-options postproc.N.layer=NAME (N: its place in the postproc list, from 0), or '
    'with --reference-layer NAME in evaluate_inventory',
    'prediction': 'name that of the landslides with --layer',
}


def check_vector(
    path: Path,
    layer: str | None = None,
    *,
    role: str = 'reference',
    may_be_empty: bool = False,
) -> str:
    """Refuse a vector file that is no inventory.

    Args:
        path: file or folder that GDAL reads.
        layer: a layer's name; None for the only one, or among several for ``landslides``.
        role: what the file is for, in messages.
        may_be_empty: let a layer without any feature pass: nothing was predicted.

    Returns:
        The layer to read.

    Raises:
        InputFileError: if it cannot be read.
        VectorFormatError: if it has no CRS, no feature or no such layer.
    """
    if path.suffix.lower() in UNREADABLE:
        raise InputFileError(
            f'the {role} {path} is GeoParquet, which this GDAL cannot read; save it as a '
            f'GeoPackage in QGIS, or give the one that was written beside it'
        )
    try:
        layers = {name: kind for name, kind in pyogrio.list_layers(path) if kind is not None}
        chosen = _choose(path, list(layers), layer, role)
        info = pyogrio.read_info(path, layer=chosen, force_feature_count=True)
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the {role} {path} can be read neither as a raster nor as a vector '
            f'({brief(error)}); give a GeoTIFF, GeoPackage, Shapefile, GeoJSON or FileGDB folder'
        ) from error
    if info['crs'] is None:
        raise VectorFormatError(
            f'the {role} {path} has no CRS, so it has no place; assign one, for example '
            f'with ogr2ogr -a_srs'
        )
    if info['features'] == 0 and not may_be_empty:
        raise VectorFormatError(
            f'the {role} {path}, layer {chosen}, has no feature; give an inventory with '
            f'landslides, or none'
        )
    return chosen


def read_polygons(
    path: Path,
    crs: CRS | None,
    layer: str | None = None,
    *,
    role: str = 'reference',
    may_be_empty: bool = False,
    center_x: float | None = None,
) -> tuple[gpd.GeoDataFrame, int]:
    """Read the landslides of a vector file into a scene's CRS.

    A landslide is a connected part: a record that holds the whole inventory as one
    multipolygon is taken apart, one whose parts touch stays whole.

    Args:
        path: file or folder that GDAL reads; Z values are dropped, invalid polygons mended.
        crs: the CRS wanted; None for the file's own.
        layer: as for ``check_vector``.
        role: likewise.
        may_be_empty: likewise.
        center_x: middle of the scene, map units: with a geographic ``crs``, longitudes are
            brought within half a turn of it.

    Returns:
        One row a landslide, with the columns ``fid``, its record's number in the file, and
        ``id`` if the file has it; and the number of features ignored: no polygons, empty, or
        where ``crs`` cannot reach.

    Raises:
        InputFileError, VectorFormatError: as ``check_vector``, and without any polygon.
    """
    chosen = check_vector(path, layer, role=role, may_be_empty=may_be_empty)
    table = _read(path, chosen, crs, role)
    geometries = table.geometry.to_numpy()
    parts, record = _polygons(geometries)
    if not len(parts) and not (may_be_empty and table.empty):
        raise VectorFormatError(
            f'the {role} {path}, layer {chosen}, has {len(table)} features but no polygon '
            f'that can be shown in the CRS of the scene; give an inventory of polygons'
        )
    if table.crs.is_geographic:
        parts = beside(parts, center_x)
    shapes, record = _join_touching(parts, record)
    fields = {'fid': table.index.to_numpy()[record]}
    if 'id' in table:
        fields['id'] = table['id'].to_numpy()[record]
    landslides = gpd.GeoDataFrame(fields, geometry=shapes, crs=table.crs)
    return landslides, len(table) - len(np.unique(record))


def _read(path: Path, layer: str, crs: CRS | None, role: str) -> gpd.GeoDataFrame:
    try:
        table = gpd.read_file(
            path, layer=layer, engine='pyogrio', columns=['id'], fid_as_index=True
        )
        if not isinstance(table, gpd.GeoDataFrame):
            raise VectorFormatError(
                f'the {role} {path}, layer {layer}, is a table without geometry; give an '
                f'inventory of polygons'
            )
        whole = unbroken(table)
        if crs is None or table.crs == crs:
            return whole
        return unbroken(densified(whole).to_crs(crs))
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the {role} {path}, layer {layer}, cannot be read to its end ({brief(error)}); '
            f'check that it is complete'
        ) from error
    except ProjError as error:
        raise VectorFormatError(
            f'the {role} {path}, layer {layer}, cannot be brought into the CRS of the scene '
            f'({brief(error)}); give it in that CRS, for example with ogr2ogr -t_srs'
        ) from error


def _choose(path: Path, layers: list[str], layer: str | None, role: str) -> str:
    if layer is None and len(layers) == 1:
        return layers[0]
    wanted = layer or 'landslides'
    if wanted not in layers:
        raise VectorFormatError(
            f'the {role} {path} has the layers {layers} and none is {wanted!r}; '
            f'{NAMING.get(role, "give a file with one layer")}'
        )
    return wanted


def _polygons(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    reachable = np.isfinite(shapely.bounds(geometries)).all(axis=1)
    # Only what has to change is copied: a scene's polygons fill hundreds of megabytes.
    flat = geometries[reachable]
    solid = shapely.has_z(flat)
    flat[solid] = shapely.force_2d(flat[solid])
    broken = ~shapely.is_valid(flat)
    flat[broken] = mend(flat[broken])
    parts, index = _simple_parts(flat)
    areal = (shapely.get_type_id(parts) == POLYGON) & (shapely.area(parts) > 0)
    return parts[areal], np.flatnonzero(reachable)[index[areal]]


def _simple_parts(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of geometries, in their order, and the position of each one's whole."""
    # Taking a polygon apart would copy it.
    whole = shapely.get_type_id(geometries) == POLYGON
    compound = np.flatnonzero(~whole)
    parts, index = shapely.get_parts(geometries[compound], return_index=True)
    # Mended geometries may be collections of multipolygons: two levels deep.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owners = np.concatenate([np.flatnonzero(whole), compound[index[inner]]])
    order = np.argsort(owners, kind='stable')
    return np.concatenate([geometries[whole], parts])[order], owners[order]


def _join_touching(parts: np.ndarray, record: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join parts of one record that touch; returns landslides and the record of each."""
    if len(np.unique(record)) == len(parts):
        return parts, record
    near = ROUNDING * float(np.abs(shapely.total_bounds(parts)).max()) if len(parts) else 0.0
    one, other = shapely.STRtree(parts).query(parts, predicate='dwithin', distance=near)
    same = record[one] == record[other]
    links = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(len(parts),) * 2)
    count, landslide = connected_components(links, directed=False)
    if count == len(parts):
        return parts, record
    order = np.argsort(landslide, kind='stable')
    joined = shapely.multipolygons(parts[order], indices=landslide[order])
    _, first = np.unique(landslide, return_index=True)
    return shapely.union_all(joined[:, np.newaxis], axis=1), record[first]
