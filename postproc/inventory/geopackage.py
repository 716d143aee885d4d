"""The GeoPackage: all layers in one file, each with a style that QGIS finds there."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pyogrio
import shapely

from postproc.inventory.layer import WRITTEN, Layer, write_layer
from postproc.inventory.qgis_style import style_of

# QGIS looks for this table and these columns, and hides it from its list of layers.
STYLE_TABLE = 'layer_styles'
GEOMETRY_COLUMN = 'geom'
TIME = pd.Timestamp(WRITTEN, tz='UTC')


def write_geopackage(
    layers: Sequence[Layer],
    path: Path,
    provenance: str,
    style: Callable[[str], str] = style_of,
) -> None:
    """Write all layers, and their styles into the table ``layer_styles``.

    Args:
        layers: in the order in which a GIS lists them.
        path: file to write.
        provenance: JSON for the layers' metadata.
        style: gives the QML of a layer by its role.

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


def style_table(layers: Sequence[Layer], style: Callable[[str], str] = style_of) -> pd.DataFrame:
    """Return one default style a layer, with the columns that QGIS wants."""
    rows = [
        {
            'f_table_catalog': '',
            'f_table_schema': '',
            'f_table_name': layer.name,
            'f_geometry_column': GEOMETRY_COLUMN,
            'styleName': layer.name,
            'styleQML': style(layer.role),
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
