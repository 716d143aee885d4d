"""Formats that hold one layer a file: GeoJSON, FlatGeobuf and GeoParquet."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import shapely

from dfpenet_mm.errors import InstallError
from postproc.inventory.gdal_layer import as_text, write_layer
from postproc.inventory.layer import PROVENANCE_KEY, Layer

# 7 decimals, as RFC 7946 advises, do for pixels of a metre; a double holds no more than 14.
LEAST_DECIMALS, MOST_DECIMALS = 7, 14
STEPS_A_PIXEL = 80
METRES_A_DEGREE = 111_320


def write_geojson(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write GeoJSON as RFC 7946 wants it.

    That is: WGS 84, 7 decimals (1 cm) or, for pixels below 1 m, so many that outlines keep their
    shape, outer rings anticlockwise, polygons cut at the antimeridian. The provenance is the
    collection's ``description``. A collection without features has no fields: the format knows
    them only from its features.
    """
    for layer in layers:
        options = {
            'RFC7946': 'YES',
            'DESCRIPTION': provenance,
            'COORDINATE_PRECISION': str(_decimals(layer)),
        }
        write_layer(layer, layer.beside(path), driver='GeoJSON', **options)


def _decimals(layer: Layer) -> int:
    """Choose decimals of a degree: about a hundredth of a pixel, and no outline crosses itself."""
    decimals = math.ceil(math.log10(STEPS_A_PIXEL * METRES_A_DEGREE / layer.pixel_m))
    decimals = min(max(decimals, LEAST_DECIMALS), MOST_DECIMALS)
    degrees = layer.table.geometry.to_crs('EPSG:4326').to_numpy()
    # What jumps at the antimeridian GDAL cuts before it rounds.
    degrees = degrees[shapely.is_valid(degrees)]
    while decimals < MOST_DECIMALS:
        rounded = shapely.transform(degrees, partial(np.round, decimals=decimals))
        # Only those that crossed themselves can need more.
        degrees = degrees[~shapely.is_valid(rounded)]
        if not len(degrees):
            break
        decimals += 1
    return decimals


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
