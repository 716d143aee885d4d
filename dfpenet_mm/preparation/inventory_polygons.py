"""A landslide inventory from a GIS, read for rasterising: polygons, mended and counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from rasterio.crs import CRS

from dfpenet_mm.errors import InputFileError, VectorFormatError
from dfpenet_mm.polygons import mend

POLYGON = shapely.GeometryType.POLYGON


@dataclass(frozen=True)
class Inventory:
    """Polygons of an inventory in its own CRS.

    Args:
        path: the vector file.
        layer: the layer that was read.
        polygons: single valid polygons with an area.
        records: feature of each polygon, shape (polygons,), from 0.
        features: how many features the layer has.
        mended: features that were invalid and made valid.
        ignored: features that are empty or no polygons.
    """

    path: Path
    layer: str
    polygons: gpd.GeoSeries
    records: np.ndarray
    features: int
    mended: int
    ignored: int

    def polygons_in(self, crs: CRS) -> np.ndarray:
        """Return the polygons in another CRS, shape (polygons,), empty where it cannot show them.

        Raises:
            VectorFormatError: if there is no way from the inventory's CRS to that one.
        """
        try:
            moved = np.array(self.polygons.to_crs(crs).to_numpy())
        except ProjError as error:
            raise VectorFormatError(
                f'the inventory {self.path} cannot be brought into the CRS of the scene '
                f'({error}); give it in that CRS, for example with ogr2ogr -t_srs'
            ) from error
        moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = shapely.Polygon()
        return moved


def read_inventory(path: Path, layer: str | None = None) -> Inventory:
    """Read the polygons of a vector file.

    Args:
        path: GeoPackage, Shapefile, GeoJSON or whatever else GDAL reads.
        layer: a layer's name; None for the only one, or among several for ``landslides``.

    Returns:
        The inventory. Z values are dropped, invalid polygons made valid.

    Raises:
        InputFileError: if the file is missing or cannot be read.
        VectorFormatError: if it has no CRS, no polygon or no such layer.
    """
    if not path.exists():
        raise InputFileError(f'the inventory {path} does not exist; check its path')
    try:
        chosen = _choose(path, layer)
        table = gpd.read_file(path, layer=chosen, engine='pyogrio', columns=[])
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the inventory {path} cannot be read as a vector file ({error}); give a GeoPackage, '
            f'Shapefile or GeoJSON, with all of its files'
        ) from error
    if not isinstance(table, gpd.GeoDataFrame) or table.empty:
        raise VectorFormatError(
            f'the inventory {path}, layer {chosen}, has no feature; give one with landslides'
        )
    if table.crs is None:
        raise VectorFormatError(
            f'the inventory {path} has no CRS, so it has no place; assign one, for example with '
            f'ogr2ogr -a_srs EPSG:CODE'
        )
    return _mend(path, chosen, table)


def _choose(path: Path, layer: str | None) -> str:
    layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
    if layer is None and len(layers) == 1:
        return layers[0]
    wanted = layer or 'landslides'
    if wanted not in layers:
        raise VectorFormatError(
            f'the inventory {path} has the layers {", ".join(layers) or "(none)"} and none is '
            f'{wanted!r}; name that of the landslides with --layer'
        )
    return wanted


def _mend(path: Path, layer: str, table: gpd.GeoDataFrame) -> Inventory:
    geometries = table.geometry.to_numpy()
    there = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    invalid = there & ~shapely.is_valid(geometries)
    flat = mend(shapely.force_2d(geometries))
    parts, record = shapely.get_parts(flat, return_index=True)
    # Mended geometries may be collections of multipolygons: two levels deep.
    parts, inner = shapely.get_parts(parts, return_index=True)
    areal = (shapely.get_type_id(parts) == POLYGON) & (shapely.area(parts) > 0)
    used = np.unique(record[inner][areal])
    if not used.size:
        kinds = sorted(set(table.geom_type.dropna())) or ['empty']
        raise VectorFormatError(
            f'the inventory {path}, layer {layer}, has {len(table)} feature(s) of type '
            f'{", ".join(kinds)} and no polygon with an area; give the outlines of landslides'
        )
    return Inventory(
        path=path,
        layer=layer,
        polygons=gpd.GeoSeries(parts[areal], crs=table.crs),
        records=record[inner][areal],
        features=len(table),
        mended=int(invalid[used].sum()),
        ignored=len(table) - len(used),
    )
