"""The Shapefile: field names of ten characters, with a key to what they stand for."""

from __future__ import annotations

import csv
import errno
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from postproc.inventory.fields import ALL_FIELDS
from postproc.inventory.gdal_layer import write_layer
from postproc.inventory.layer import WRITTEN, Layer

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
