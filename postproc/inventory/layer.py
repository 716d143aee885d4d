"""A layer of the inventory, and how GDAL writes it into a vector file."""

from __future__ import annotations

import errno
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, PROVENANCE_KEY

# A fixed day instead of today's keeps a file a function of its data: the same run writes the
# same bytes.
WRITTEN = '2000-01-01'


@dataclass(frozen=True)
class Layer:
    """A layer to write.

    Args:
        role: ``LANDSLIDES``, ``REJECTED``, ``HEADSCARPS`` or ``AREA_OF_INTEREST``.
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
