"""A reference inventory that is a vector file, in any CRS."""

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
from postproc.atomic import brief

POLYGON = shapely.GeometryType.POLYGON


def check_vector(path: Path, layer: str | None = None) -> str:
    """Refuse a vector file that is no reference.

    Args:
        path: file or folder that GDAL reads.
        layer: a layer's name; None for the only one, or among several for ``landslides``.

    Returns:
        The layer to read.

    Raises:
        InputFileError: if it cannot be read.
        VectorFormatError: if it has no CRS, no feature or no such layer.
    """
    try:
        layers = {name: kind for name, kind in pyogrio.list_layers(path) if kind is not None}
        chosen = _choose(path, list(layers), layer)
        info = pyogrio.read_info(path, layer=chosen, force_feature_count=True)
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the reference {path} can be read neither as a raster nor as a vector '
            f'({brief(error)}); give a GeoTIFF, GeoPackage, Shapefile, GeoJSON or FileGDB folder'
        ) from error
    if info['crs'] is None:
        raise VectorFormatError(
            f'the reference {path} has no CRS, so it has no place; assign one, for example '
            f'with ogr2ogr -a_srs'
        )
    if info['features'] == 0:
        raise VectorFormatError(
            f'the reference {path}, layer {chosen}, has no feature; give an inventory with '
            f'landslides, or none'
        )
    return chosen


def read_polygons(path: Path, crs: CRS, layer: str | None = None) -> tuple[gpd.GeoDataFrame, int]:
    """Read the landslides of a vector file into a scene's CRS.

    A landslide is a connected part: a record that holds the whole inventory as one
    multipolygon is taken apart, one whose parts touch stays whole.

    Args:
        path: file or folder that GDAL reads; Z values are dropped, invalid polygons mended.
        crs: the CRS wanted.
        layer: as for ``check_vector``.

    Returns:
        One row a landslide, and the number of features ignored: no polygons, empty, or where
        ``crs`` cannot reach.

    Raises:
        InputFileError, VectorFormatError: as ``check_vector``, and without any polygon.
    """
    chosen = check_vector(path, layer)
    table = _read(path, chosen, crs)
    geometries = table.geometry.to_numpy()
    parts, record = _polygons(geometries)
    if not len(parts):
        raise VectorFormatError(
            f'the reference {path}, layer {chosen}, has {len(table)} features but no polygon '
            f'that can be shown in the CRS of the scene; give an inventory of polygons'
        )
    landslides = gpd.GeoDataFrame(geometry=_join_touching(parts, record), crs=crs)
    return landslides, len(table) - len(np.unique(record))


def _read(path: Path, layer: str, crs: CRS) -> gpd.GeoDataFrame:
    try:
        return gpd.read_file(path, layer=layer, engine='pyogrio', columns=[]).to_crs(crs)
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the reference {path}, layer {layer}, cannot be read to its end ({brief(error)}); '
            f'check that it is complete'
        ) from error
    except ProjError as error:
        raise VectorFormatError(
            f'the reference {path}, layer {layer}, cannot be brought into the CRS of the scene '
            f'({brief(error)}); give it in that CRS, for example with ogr2ogr -t_srs'
        ) from error


def _choose(path: Path, layers: list[str], layer: str | None) -> str:
    if layer is None and len(layers) == 1:
        return layers[0]
    wanted = layer or 'landslides'
    if wanted not in layers:
        raise VectorFormatError(
            f'the reference {path} has the layers {layers} and none is {wanted!r}; set '
            f'layer to that of the landslides in ConsistencyEvaluator, in the config or with '
            f'--cfg-options postproc.N.layer=NAME (N: its place in the postproc list, from 0)'
        )
    return wanted


def _polygons(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    reachable = np.isfinite(shapely.bounds(geometries)).all(axis=1)
    flat = shapely.make_valid(shapely.force_2d(geometries[reachable]))
    parts, index = shapely.get_parts(flat, return_index=True)
    # Mended geometries may be collections of multipolygons: two levels deep.
    parts, inner = shapely.get_parts(parts, return_index=True)
    record = np.flatnonzero(reachable)[index][inner]
    areal = (shapely.get_type_id(parts) == POLYGON) & (shapely.area(parts) > 0)
    return parts[areal], record[areal]


def _join_touching(parts: np.ndarray, record: np.ndarray) -> np.ndarray:
    one, other = shapely.STRtree(parts).query(parts, predicate='intersects')
    same = record[one] == record[other]
    links = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(len(parts),) * 2)
    count, landslide = connected_components(links, directed=False)
    if count == len(parts):
        return parts
    order = np.argsort(landslide, kind='stable')
    joined = shapely.multipolygons(parts[order], indices=landslide[order])
    return shapely.union_all(joined[:, np.newaxis], axis=1)
