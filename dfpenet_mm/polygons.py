"""Polygons of a vector file, in any CRS: read, mended and moved to another one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from rasterio.crs import CRS

from dfpenet_mm.errors import InputFileError, VectorFormatError
from dfpenet_mm.wording import counted

Shapes = TypeVar('Shapes', gpd.GeoDataFrame, gpd.GeoSeries)
POLYGON = shapely.GeometryType.POLYGON
# Pieces into which the longest side of all polygons is cut, at least, before they are moved: a
# long straight line of one CRS is bent in another.
PIECES = 256


@dataclass(frozen=True)
class Polygons:
    """Single valid polygons with an area, in their own CRS.

    Args:
        path: the vector file.
        role: what they are, for messages, such as ``area of interest``.
        shapes: the polygons.
    """

    path: Path
    role: str
    shapes: gpd.GeoSeries

    def in_crs(self, crs: CRS) -> np.ndarray:
        """Return the polygons in another CRS, valid, without those it cannot show.

        Raises:
            VectorFormatError: if there is no way from their CRS to that one.
        """
        if CRS.from_user_input(self.shapes.crs) == crs:
            return self.shapes.to_numpy()
        try:
            moved = densified(self.shapes).to_crs(crs).to_numpy()
        except ProjError as error:
            raise VectorFormatError(
                f'the {self.role} {self.path} cannot be brought into the CRS of the scene '
                f'({error}); give it in that CRS, for example with ogr2ogr -t_srs'
            ) from error
        # Bent lines may cross.
        return single_polygons(moved[np.isfinite(shapely.bounds(moved)).all(axis=1)])


def densified(shapes: Shapes) -> Shapes:
    """Cut long sides into pieces, as a long straight line of one CRS is bent in another.

    Args:
        shapes: a table or column of geometries; missing ones stay.

    Returns:
        The same with further vertices: no side is longer than a share 1 / ``PIECES`` of the whole.
    """
    left, bottom, right, top = shapes.total_bounds
    longest = max(right - left, top - bottom)
    if not longest > 0:
        return shapes
    pieces = shapes.geometry.segmentize(longest / PIECES)
    return shapes.set_geometry(pieces) if isinstance(shapes, gpd.GeoDataFrame) else pieces


def mend(geometries: np.ndarray) -> np.ndarray:
    """Make geometries valid: what a shell surrounds is area, but for what a hole surrounds."""
    return shapely.make_valid(geometries, method='structure', keep_collapsed=False)


def single_polygons(geometries: np.ndarray) -> np.ndarray:
    """Mend geometries and take them apart.

    Args:
        geometries: of any kind, missing ones too, shape (geometries,).

    Returns:
        Valid single polygons with an area, without Z values, shape (polygons,).
    """
    flat = mend(shapely.force_2d(geometries))
    # Mended geometries may be collections of multipolygons: two levels deep.
    parts = shapely.get_parts(shapely.get_parts(flat))
    return parts[(shapely.get_type_id(parts) == POLYGON) & (shapely.area(parts) > 0)]


def read_polygons(path: Path, role: str) -> Polygons:
    """Read the polygons of a vector file of one layer.

    Args:
        path: GeoPackage, Shapefile, GeoJSON or whatever else GDAL reads.
        role: what the polygons are, for messages.

    Returns:
        The polygons.

    Raises:
        InputFileError: if the file is missing or cannot be read.
        VectorFormatError: if it has several layers, no CRS or no polygon.
    """
    if not path.exists():
        raise InputFileError(f'the {role} {path} does not exist; check its path')
    try:
        layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        if len(layers) > 1:
            raise VectorFormatError(
                f'the {role} {path} has the layers {", ".join(layers)}; give a file with one'
            )
        table = gpd.read_file(path, engine='pyogrio', columns=[])
    except (DataSourceError, DataLayerError) as error:
        raise InputFileError(
            f'the {role} {path} cannot be read as a vector file ({error}); give a GeoPackage, '
            f'Shapefile or GeoJSON, with all of its files'
        ) from error
    return _checked(path, role, table)


def _checked(path: Path, role: str, table: object) -> Polygons:
    if not isinstance(table, gpd.GeoDataFrame) or table.empty:
        raise VectorFormatError(f'the {role} {path} has no feature; give one with polygons')
    if table.crs is None:
        raise VectorFormatError(
            f'the {role} {path} has no CRS, so it has no place; assign one, for example with '
            f'ogr2ogr -a_srs EPSG:CODE'
        )
    shapes = single_polygons(table.geometry.to_numpy())
    if not shapes.size:
        kinds = sorted(set(table.geom_type.dropna())) or ['empty']
        raise VectorFormatError(
            f'the {role} {path} has {counted(len(table), "feature")} of type '
            f'{", ".join(kinds)} and no polygon with an area; give polygons'
        )
    return Polygons(path, role, gpd.GeoSeries(shapes, crs=table.crs))
