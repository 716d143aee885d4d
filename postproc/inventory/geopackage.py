"""The GeoPackage: all layers in one file, each with a style that QGIS finds there."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyogrio

from postproc.inventory.gdal_layer import write_layer
from postproc.inventory.layer import Layer
from postproc.inventory.qgis_style import style_of

# QGIS looks for this table and these columns, and hides it from its list of layers.
STYLE_TABLE = 'layer_styles'
GEOMETRY_COLUMN = 'geom'


def write_geopackage(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write all layers, and their styles into the table ``layer_styles``."""
    for layer in layers:
        options = {'GEOMETRY_NAME': GEOMETRY_COLUMN, 'FID': 'fid'}
        write_layer(layer, path, driver='GPKG', provenance=provenance, **options)
    styles = style_table(layers)
    pyogrio.write_dataframe(
        styles, path, layer=STYLE_TABLE, driver='GPKG', layer_options={'FID': 'id'}
    )
    _require_whole(layers, path)


def _require_whole(layers: Sequence[Layer], path: Path) -> None:
    """Refuse a file whose spatial indexes or styles did not fit on the disk."""
    wanted = {f'rtree_{layer.name}_{GEOMETRY_COLUMN}_rowid': len(layer.table) for layer in layers}
    wanted[STYLE_TABLE] = len(layers)
    with closing(sqlite3.connect(path)) as database:
        for table, rows in wanted.items():
            quoted = table.replace('"', '""')
            (found,) = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()
            if found != rows:
                raise OSError(errno.EIO, f'the table {table} is not complete')


def style_table(layers: Sequence[Layer]) -> pd.DataFrame:
    """Return one default style a layer, with the columns that QGIS wants."""
    rows = [
        {
            'f_table_catalog': '',
            'f_table_schema': '',
            'f_table_name': layer.name,
            'f_geometry_column': GEOMETRY_COLUMN,
            'styleName': layer.name,
            'styleQML': style_of(layer.role),
            'styleSLD': '',
            'useAsDefault': True,
            'description': f'default style of {layer.name}',
            'owner': '',
            'ui': '',
            # QGIS takes the latest of several; a fixed date keeps the file a function of its data.
            'update_time': pd.Timestamp('2000-01-01'),
        }
        for layer in layers
    ]
    return pd.DataFrame(rows)
