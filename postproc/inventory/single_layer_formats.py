"""Formats that hold one layer a file: GeoJSON, FlatGeobuf and GeoParquet."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from dfpenet_mm.errors import InstallError
from postproc.inventory.gdal_layer import as_text, write_layer
from postproc.inventory.layer import PROVENANCE_KEY, Layer


def write_geojson(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write GeoJSON as RFC 7946 wants it.

    That is: WGS 84, 7 decimals (1 cm), outer rings anticlockwise, polygons cut at the
    antimeridian. The provenance is the collection's ``description``. A collection without
    features has no fields: the format knows them only from its features.
    """
    for layer in layers:
        options = {'RFC7946': 'YES', 'DESCRIPTION': provenance}
        write_layer(layer, layer.beside(path), driver='GeoJSON', **options)


def write_flatgeobuf(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write FlatGeobuf; its spatial index reorders the rows."""
    for layer in layers:
        write_layer(layer, layer.beside(path), driver='FlatGeobuf', provenance=provenance)


def write_geoparquet(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write GeoParquet; the provenance is among the attributes that pandas reads back."""
    for layer in layers:
        table = as_text(layer.table).copy(deep=False)
        table.attrs = {PROVENANCE_KEY: provenance}
        table.to_parquet(layer.beside(path), index=False)


def require_pyarrow() -> None:
    """Refuse to promise GeoParquet where it cannot be written.

    Raises:
        InstallError: if pyarrow is missing.
    """
    if importlib.util.find_spec('pyarrow') is None:
        raise InstallError(
            'GeoParquet needs the package pyarrow, which is not installed; install it with '
            'pip install pyarrow, or choose .gpkg or .fgb'
        )
