"""Formats of an inventory by the extension of the file's name."""

from __future__ import annotations

import csv
import errno
import importlib.util
import json
import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.files import whole_files
from dfpenet_mm.review import review_status
from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, PROVENANCE_KEY, REJECTED, WGS84
from postproc.inventory.fields import ALL_FIELDS
from postproc.inventory.layer import WRITTEN, Layer, as_text, write_geopackage, write_layer
from postproc.inventory.review import REVIEW_LAYERS

NAME_LENGTH = 10
# What other programs leave beside a Shapefile; beside its successor it would mislead.
SIDE_FILES = ('.sbn', '.sbx', '.qix', '.qmd', '.qpj', '.shp.xml', '.cpg', '.fix')


def write_shapefile(layers: Sequence[Layer], path: Path, provenance: str) -> None:
    """Write every layer as a set of files (.shp, .shx, .dbf, .prj, .cpg) with a key.

    The key ``NAME_fields.csv`` has one row a field: its name here, its name in every other
    format, unit and meaning. The format has no place for the provenance, which lies beside it in
    ``NAME_provenance.json``.
    """
    path.with_name(f'{path.stem}_provenance.json').write_text(provenance, encoding='utf-8')
    for layer in layers:
        target = layer.beside(path)
        columns = [name for name in layer.table if name != layer.table.geometry.name]
        short = short_names(columns)
        renamed = Layer(layer.role, target.stem, layer.table.rename(columns=short))
        write_layer(
            renamed,
            target,
            driver='ESRI Shapefile',
            ENCODING='UTF-8',
            DBF_DATE_LAST_UPDATE=WRITTEN,
        )
        _require_whole_table(target.with_suffix('.dbf'), len(layer.table))
        _write_key(short, target.with_name(f'{target.stem}_fields.csv'))


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Shorten field names to ten characters, all different even in capitals.

    Args:
        names: of columns; those of ``fields.py`` have their short names there, others are cut.

    Returns:
        Short names by name.
    """
    known = {field.name: field.short for field in ALL_FIELDS}
    names = list(names)
    short = {name: known[name] for name in names if name in known}
    taken = {name.lower() for name in short.values()}
    for name in names:
        if name in short:
            continue
        candidate, number = name[:NAME_LENGTH], 1
        while candidate.lower() in taken:
            number += 1
            candidate = f'{name[: NAME_LENGTH - len(str(number)) - 1]}_{number}'
        short[name] = candidate
        taken.add(candidate.lower())
    return {name: short[name] for name in names}


def _require_whole_table(path: Path, rows: int) -> None:
    """Refuse a table that did not fit on the disk: GDAL reads what is missing as null."""
    with path.open('rb') as file:
        # From byte 4 on: number of records, length of the header, length of a record.
        records, header, width = struct.unpack('<4xIHH', file.read(12))
    lost = not (header and width) or path.stat().st_size < header + records * width
    if records != rows or lost:
        raise OSError(errno.EIO, 'the table does not hold all that was written')


def _write_key(short: dict[str, str], path: Path) -> None:
    known = {field.name: field for field in ALL_FIELDS}
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['shapefile_field', 'field', 'unit', 'meaning'])
        for name, shortened in short.items():
            field = known.get(name)
            about = (field.unit, field.meaning) if field else ('', '')
            writer.writerow([shortened, name, *about])


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
    degrees = layer.table.geometry.to_crs(WGS84).to_numpy()
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


def write_kmz(layers: Sequence[Layer], path: Path, _provenance: str) -> None:
    """Write KMZ for virtual globes, on WGS 84, each polygon called by its number.

    What the layer is called there says how much of it was reviewed.
    """
    for layer in layers:
        shown = layer.name
        if layer.role == LANDSLIDES:
            # A colon is no part of a file's name.
            mark = review_status(layer.table).mark.replace(':', ',')
            shown = f'{layer.name}, {mark}' if mark else layer.name
        table = layer.table.to_crs(WGS84)
        if 'id' in table:
            table = table.assign(Name=table['id'].astype(str))
        moved = Layer(layer.role, shown, table, layer.pixel_m)
        write_layer(moved, layer.beside(path), driver='LIBKML')


def write_csv(layers: Sequence[Layer], path: Path, _provenance: str) -> None:
    """Write the fields without the outlines for a spreadsheet; ``lon`` and ``lat`` tell places."""
    for layer in layers:
        layer.table[layer.columns].to_csv(layer.beside(path), index=False, encoding='utf-8-sig')


Writer = Callable[[Sequence[Layer], Path, str], None]

# Every writer gets the layers (the landslides first), the path and the provenance as JSON.
FORMATS: Mapping[str, Writer] = {
    '.gpkg': write_geopackage,
    '.geojson': write_geojson,
    '.shp': write_shapefile,
    '.fgb': write_flatgeobuf,
    '.parquet': write_geoparquet,
    '.kmz': write_kmz,
    '.csv': write_csv,
}


def check_filenames(names: Sequence[str]) -> None:
    """Refuse names under which no inventory can be written.

    Raises:
        ConfigError: without a name, for one with a folder or an unknown extension, or when the
            files of two would have the same name.
        InstallError: if GeoParquet is asked for and pyarrow is missing.
    """
    if not isinstance(names, Sequence) or not names:
        raise ConfigError(
            "Vectoriser filename is empty; give one or several, such as 'landslides.gpkg'"
        )
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or Path(name).suffix not in FORMATS:
            raise ConfigError(
                f'Vectoriser filename is {name!r}; wanted is a name without folder that ends in '
                f"one of {sorted(FORMATS)}, such as 'landslides.gpkg'"
            )
    parquet = any(Path(name).suffix == '.parquet' for name in names)
    if parquet and importlib.util.find_spec('pyarrow') is None:
        raise InstallError(
            'GeoParquet needs the package pyarrow, which is not installed; install it with '
            'pip install pyarrow, or choose .gpkg or .fgb'
        )
    _refuse_clashes(names)


def write_inventory(
    layers: Sequence[Layer], folder: Path, names: Sequence[str], provenance: Mapping[str, Any]
) -> list[str]:
    """Write the inventory in all formats asked for, complete or not at all.

    Args:
        layers: the landslides first.
        folder: where to write; it must exist.
        names: as ``check_filenames`` accepts; files of these names are replaced.
        provenance: plain JSON values, written into every format that has a place for it.

    Returns:
        Names of the files written, sorted.

    Raises:
        OutputError: if they cannot be written: no such folder, a full disk.
    """
    origin = json.dumps(dict(provenance))
    with whole_files(folder, names[0]) as staging:
        for name in names:
            suffix = Path(name).suffix
            # Whoever gets another format does not review.
            shown = [layer for layer in layers if layer.role not in REVIEW_LAYERS]
            FORMATS[suffix](layers if suffix == '.gpkg' else shown, staging / name, origin)
        written = sorted(path.name for path in staging.iterdir())
    _remove_stale(folder, written)
    return written


def _remove_stale(folder: Path, written: Sequence[str]) -> None:
    for name in written:
        if name.endswith('.shp'):
            for suffix in SIDE_FILES:
                stale = (folder / name).with_suffix(suffix)
                if stale.name not in written:
                    stale.unlink(missing_ok=True)


def _refuse_clashes(names: Sequence[str]) -> None:
    taken: dict[str, str] = {}
    for name in names:
        path = Path(name)
        beside = [] if path.suffix == '.gpkg' else [REJECTED, HEADSCARPS]
        files = [name, *(f'{path.stem}_{role}{path.suffix}' for role in beside)]
        for file in files:
            other = taken.setdefault(file.lower(), name)
            if other != name or names.count(name) > 1:
                raise ConfigError(
                    f'Vectoriser filenames {other!r} and {name!r} would both write {file}; '
                    f'give different names'
                )
