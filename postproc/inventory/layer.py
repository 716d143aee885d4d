"""A layer of the inventory, how GDAL writes it, and the GeoPackage that holds all, styled."""

from __future__ import annotations

import errno
import importlib.util
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, PROVENANCE_KEY
from postproc.inventory.qgis_style import style_of

# A fixed day instead of today's keeps a file a function of its data: the same run writes the
# same bytes.
WRITTEN = '2000-01-01'


@dataclass(frozen=True)
class Layer:
    """A layer to write.

    Args:
        role: a layer's name in the vocabulary, such as ``LANDSLIDES`` or ``REVIEWED_AREA``.
        name: as a user sees it.
        table: its rows, polygons or, of headscarps, points.
        pixel_m: shorter side of the scene's pixels, metres: what rounding may not spoil.
    """

    role: str
    name: str
    table: gpd.GeoDataFrame
    pixel_m: float = 1.0

    @property
    def geometry_type(self) -> str:
        """One type for the layer: a region whose parts meet at corners has two polygons."""
        return 'Point' if self.role == HEADSCARPS else 'MultiPolygon'

    @property
    def columns(self) -> list[str]:
        """Names of its columns, in their order, without the geometry."""
        return [name for name in self.table if name != self.table.geometry.name]

    def beside(self, path: Path) -> Path:
        """Return this layer's file where a format holds one layer a file.

        Args:
            path: of the landslides; the others lie beside it, such as ``NAME_rejected.shp``.
        """
        if self.role == LANDSLIDES:
            return path
        return path.with_name(f'{path.stem}_{self.role}{path.suffix}')


# Columns go to GDAL whole, not value by value, when pyarrow is there.
ARROW = importlib.util.find_spec('pyarrow') is not None
# Rows written at once to a format that lets one append.
ROWS_AT_ONCE = 50_000


def write_layer(
    layer: Layer, path: Path, *, driver: str, provenance: str | None = None, **options: str
) -> None:
    """Write a layer to a new file, or into the GeoPackage that is there.

    Args:
        layer: polygons are written as MultiPolygons; text columns of mixed types as text.
        path: file to write.
        driver: GDAL's name of the format.
        provenance: goes into the layer's metadata; None for a format without a place for it.
        options: GDAL's layer creation options.

    Raises:
        OSError: if the file does not hold all rows afterwards.
        DataSourceError, DataLayerError: whatever the driver refuses.
    """
    table = as_text(layer.table)
    # Bytes and MultiPolygons beside the table take three times its memory.
    step = ROWS_AT_ONCE if driver == 'GPKG' else max(len(table), 1)
    for first in range(0, max(len(table), 1), step):
        pyogrio.write_dataframe(
            table.iloc[first : first + step],
            path,
            layer=layer.name,
            driver=driver,
            geometry_type=layer.geometry_type,
            promote_to_multi=layer.geometry_type == 'MultiPolygon',
            use_arrow=ARROW,
            append=first > 0,
            layer_metadata={PROVENANCE_KEY: provenance} if provenance and not first else None,
            layer_options={} if first else options,
        )
    _require_written(layer, path)


def _require_written(layer: Layer, path: Path) -> None:
    # What GDAL still holds when a file is closed is lost without an error on a full disk.
    wanted = len(layer.table), int(shapely.is_missing(layer.table.geometry.to_numpy()).sum())
    if _rows(path, layer.name) != wanted:
        raise OSError(errno.EIO, 'the file does not hold the landslides that were written')


def _rows(path: Path, layer: str) -> tuple[int, int]:
    """Read a layer whole; count its rows, and those without a geometry."""
    if not ARROW:
        table = pyogrio.read_dataframe(path, layer=layer)
        return len(table), int(shapely.is_missing(table.geometry.to_numpy()).sum())
    rows = missing = 0
    with pyogrio.open_arrow(path, layer=layer, use_pyarrow=True) as (meta, batches):
        # GDAL's name of a geometry column that has none.
        geometry = meta['geometry_name'] or 'wkb_geometry'
        for batch in batches:
            rows += len(batch)
            missing += batch.column(geometry).null_count
    return rows, missing


def as_text(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn a hook's columns of Python objects into text, which every format takes."""
    mixed = [name for name in table if table[name].dtype == object]
    text = {name: table[name].map(str, na_action='ignore').astype('str') for name in mixed}
    return table.assign(**text) if text else table


# QGIS looks for this table and these columns, and hides it from its list of layers.
STYLE_TABLE = 'layer_styles'
GEOMETRY_COLUMN = 'geom'
TIME = pd.Timestamp(WRITTEN, tz='UTC')

Style = Callable[[str, Sequence[str]], str]


def write_geopackage(
    layers: Sequence[Layer],
    path: Path,
    provenance: str,
    style: Style = style_of,
) -> None:
    """Write all layers, and their styles into the table ``layer_styles``.

    Args:
        layers: in the order in which a GIS lists them.
        path: file to write.
        provenance: JSON for the layers' metadata.
        style: gives the QML of a layer by its role and its columns.

    Raises:
        OSError: if the file does not hold everything afterwards.
        DataSourceError, DataLayerError, sqlite3.Error: whatever the driver refuses.
    """
    with _at_fixed_time():
        for layer in layers:
            options = {'GEOMETRY_NAME': GEOMETRY_COLUMN, 'FID': 'fid'}
            write_layer(layer, path, driver='GPKG', provenance=provenance, **options)
        styles = style_table(layers, style)
        # Older GDAL, as in QGIS 3.22, calls times malformed that lack milliseconds or a zone.
        options = {'FID': 'id', 'DATETIME_PRECISION': 'MILLISECOND'}
        pyogrio.write_dataframe(
            styles, path, layer=STYLE_TABLE, driver='GPKG', layer_options=options
        )
    _require_whole(layers, path)


@contextmanager
def _at_fixed_time() -> Iterator[None]:
    """Let GDAL write one time wherever it would write the present one."""
    option = 'OGR_CURRENT_DATE'
    before = pyogrio.get_gdal_config_option(option)
    pyogrio.set_gdal_config_options({option: f'{TIME:%Y-%m-%dT%H:%M:%S.000Z}'})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({option: before})


def _require_whole(layers: Sequence[Layer], path: Path) -> None:
    """Refuse a file whose spatial indexes or styles did not fit on the disk."""
    wanted = {f'rtree_{layer.name}_{GEOMETRY_COLUMN}_rowid': _indexed(layer) for layer in layers}
    wanted[STYLE_TABLE] = len(layers)
    with closing(sqlite3.connect(path)) as database:
        for table, rows in wanted.items():
            quoted = table.replace('"', '""')
            (found,) = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()
            if found != rows:
                raise OSError(errno.EIO, f'the table {table} is not complete')


def _indexed(layer: Layer) -> int:
    """Count the geometries that a spatial index takes."""
    shapes = layer.table.geometry.to_numpy()
    return int((~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)).sum())


def style_table(layers: Sequence[Layer], style: Style = style_of) -> pd.DataFrame:
    """Return one default style a layer, with the columns that QGIS wants."""
    rows = [
        {
            'f_table_catalog': '',
            'f_table_schema': '',
            'f_table_name': layer.name,
            'f_geometry_column': GEOMETRY_COLUMN,
            'styleName': layer.name,
            'styleQML': style(layer.role, layer.columns),
            'styleSLD': '',
            'useAsDefault': True,
            'description': f'default style of {layer.name}',
            'owner': '',
            'ui': '',
            # QGIS takes the latest of several.
            'update_time': TIME,
        }
        for layer in layers
    ]
    return pd.DataFrame(rows)
