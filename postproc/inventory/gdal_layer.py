"""One layer of a vector file, written by GDAL."""

from __future__ import annotations

import errno
import importlib.util
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from postproc.inventory.layer import PROVENANCE_KEY, Layer

# What the drivers raise beside OSError.
DRIVER_ERRORS = (DataSourceError, DataLayerError)
# Columns go to GDAL whole, not value by value, when pyarrow is there.
ARROW = importlib.util.find_spec('pyarrow') is not None


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
    pyogrio.write_dataframe(
        as_text(layer.table),
        path,
        layer=layer.name,
        driver=driver,
        geometry_type=layer.geometry_type,
        promote_to_multi=layer.geometry_type == 'MultiPolygon',
        use_arrow=ARROW,
        layer_metadata={PROVENANCE_KEY: provenance} if provenance else None,
        layer_options=options,
    )
    _require_written(layer, path)


def _require_written(layer: Layer, path: Path) -> None:
    # What GDAL still holds when a file is closed is lost without an error on a full disk.
    found = pyogrio.read_dataframe(path, layer=layer.name, use_arrow=ARROW)
    missing = (int(shapely.is_missing(table.geometry).sum()) for table in (found, layer.table))
    if len(found) != len(layer.table) or next(missing) != next(missing):
        raise OSError(errno.EIO, 'the file does not hold the landslides that were written')


def as_text(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn a hook's columns of Python objects into text, which every format takes."""
    mixed = [name for name in table if table[name].dtype == object]
    text = {name: table[name].map(str, na_action='ignore').astype('str') for name in mixed}
    return table.assign(**text) if text else table
