"""An inventory as an analyst left it: every layer read, mended and brought to the scene."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

from dfpenet_mm.errors import InputFileError, VectorFormatError, brief
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import READ_ERRORS, areas, densified
from dfpenet_mm.report.run_products import read_layers
from dfpenet_mm.review import review_states
from dfpenet_mm.vocabulary import (
    HEADSCARPS,
    LANDSLIDES,
    PLACES_TO_CHECK,
    REVIEWED_AREA,
)
from dfpenet_mm.wording import counted


@dataclass(frozen=True)
class EditedInventory:
    """The layers of a GeoPackage in the CRS of the scene, every geometry valid and with an area.

    Args:
        path: the file.
        landslides: with the analyst's columns as far as the file has them.
        rejected: likewise; None without such a layer.
        area: reviewed areas.
        places: squares to look at.
        pixel: area of a pixel, square map units.
        headscarps: highest and lowest points; None without.
        notes: sentences on what was mended.
    """

    path: Path
    landslides: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    area: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    pixel: float
    headscarps: gpd.GeoDataFrame | None = None
    notes: tuple[str, ...] = field(default=())


def require_closed(path: Path) -> None:
    """Refuse a GeoPackage that another program has open for writing; fold its journal in.

    Raises:
        InputFileError: if it is open there, or no GeoPackage.
    """
    try:
        with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as database:
            # With another connection, SQLite does not leave its write-ahead log.
            (mode,) = database.execute('PRAGMA journal_mode').fetchone()
            if mode == 'wal':
                database.execute('PRAGMA journal_mode = DELETE').fetchone()
            database.execute('BEGIN IMMEDIATE')
            database.execute('ROLLBACK')
    except sqlite3.OperationalError as error:
        if 'locked' not in str(error) and 'busy' not in str(error):
            raise InputFileError(
                f'{path} cannot be read ({brief(error)}); see that you may write there'
            ) from error
        raise InputFileError(
            f'{path} is open in another program, as in QGIS; save the edits and close the project '
            f'there, then try again'
        ) from error
    except sqlite3.DatabaseError as error:
        raise InputFileError(
            f'{path} cannot be read ({brief(error)}); give a GeoPackage that landslide-map wrote'
        ) from error


def read_edited(path: Path, grid: RasterGrid) -> EditedInventory:
    """Read the inventory of a run as it is now.

    Args:
        path: GeoPackage of the run, perhaps saved in another CRS, its layers edited.
        grid: of the scene.

    Raises:
        InputFileError: if it cannot be read, or lacks the landslides.
        VectorFormatError: if a layer has no CRS, a state is none, or the reviewed area lies beside
            the scene.
    """
    landslides, rejected = read_layers(path)
    notes: list[str] = []
    tables = {
        LANDSLIDES: landslides,
        'rejected': rejected,
        **{name: _layer(path, name) for name in (REVIEWED_AREA, PLACES_TO_CHECK)},
    }
    on_scene = {
        name: None if table is None else _on_scene(table, name, path, grid, notes)
        for name, table in tables.items()
    }
    review_states(on_scene[LANDSLIDES], str(path))
    nothing = gpd.GeoDataFrame(geometry=[], crs=grid.crs)
    area = on_scene[REVIEWED_AREA] if on_scene[REVIEWED_AREA] is not None else nothing
    _require_on_scene(area, path, grid)
    places = on_scene[PLACES_TO_CHECK] if on_scene[PLACES_TO_CHECK] is not None else nothing
    points = _layer(path, HEADSCARPS)
    return EditedInventory(
        path=path,
        landslides=on_scene[LANDSLIDES],
        rejected=on_scene['rejected'],
        area=area,
        places=places,
        pixel=abs(grid.transform.determinant),
        headscarps=None if points is None or points.crs is None else points.to_crs(grid.crs),
        notes=tuple(notes),
    )


def _layer(path: Path, name: str) -> gpd.GeoDataFrame | None:
    try:
        if name not in pyogrio.list_layers(path)[:, 0]:
            return None
        table = pyogrio.read_dataframe(path, layer=name, on_invalid='fix')
    except READ_ERRORS as error:
        raise InputFileError(
            f'the layer {name} of {path} cannot be read ({brief(error)}); delete or mend it in QGIS'
        ) from error
    return table if isinstance(table, gpd.GeoDataFrame) else None


def _on_scene(
    table: gpd.GeoDataFrame, name: str, path: Path, grid: RasterGrid, notes: list[str]
) -> gpd.GeoDataFrame:
    """Bring a layer into the scene's CRS, mend its outlines and leave out what has none."""
    if table.crs is None:
        raise VectorFormatError(
            f'the layer {name} of {path} has no CRS, so it has no place; assign '
            f'{grid.crs.to_string()} or the one it was drawn in'
        )
    series = table.geometry
    if not table.crs.equals(grid.crs, ignore_axis_order=True):
        series = densified(series).to_crs(grid.crs)
    # Under one name, whatever the file calls its geometry.
    if table.geometry.name != 'geometry':
        table = table.rename_geometry('geometry')
    there = series.to_numpy()
    broken = int((~shapely.is_valid(there) & ~shapely.is_missing(there)).sum())
    shapes = areas(there)
    kept = shapely.area(shapes) > 0
    if broken:
        notes.append(f'{counted(broken, "broken outline")} in the layer {name} mended')
    if not kept.all():
        lost = int((~kept).sum())
        notes.append(f'{counted(lost, "row")} without an area in the layer {name} left out')
    shapes = gpd.GeoSeries(shapes[kept], crs=grid.crs)
    fields = table[kept].drop(columns='geometry').reset_index(drop=True)
    return gpd.GeoDataFrame(fields, geometry=shapes, crs=grid.crs)


def scene_outline(grid: RasterGrid) -> shapely.Polygon:
    """Return the outline of a scene in its CRS."""
    rows, cols = grid.shape
    corners = [(0, 0), (cols, 0), (cols, rows), (0, rows)]
    return shapely.Polygon([grid.transform @ corner for corner in corners])


def _require_on_scene(area: gpd.GeoDataFrame, path: Path, grid: RasterGrid) -> None:
    if not len(area):
        return
    if not shapely.intersects(scene_outline(grid), area.geometry.to_numpy()).any():
        raise VectorFormatError(
            f'the layer {REVIEWED_AREA} of {path} lies beside the scene; draw it on the image, or '
            f'assign it the CRS it was drawn in'
        )
