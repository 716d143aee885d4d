"""Formats of an inventory by the extension of the file's name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import ConfigError
from postproc.atomic import write_errors, written_together
from postproc.inventory.gdal_layer import DRIVER_ERRORS
from postproc.inventory.geopackage import write_geopackage
from postproc.inventory.layer import HEADSCARPS, REJECTED, Layer
from postproc.inventory.shapefile import SIDE_FILES, write_shapefile
from postproc.inventory.single_layer_formats import (
    require_pyarrow,
    write_flatgeobuf,
    write_geojson,
    write_geoparquet,
)

Writer = Callable[[Sequence[Layer], Path, str], None]

# Every writer gets the layers (the landslides first), the path and the provenance as JSON.
FORMATS: Mapping[str, Writer] = {
    '.gpkg': write_geopackage,
    '.geojson': write_geojson,
    '.shp': write_shapefile,
    '.fgb': write_flatgeobuf,
    '.parquet': write_geoparquet,
}
WRITE_ERRORS = (*DRIVER_ERRORS, sqlite3.Error)


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
    if any(Path(name).suffix == '.parquet' for name in names):
        require_pyarrow()
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
    first = names[0]
    with write_errors(folder / first, *WRITE_ERRORS), written_together(folder, first) as staging:
        for name in names:
            FORMATS[Path(name).suffix](layers, staging / name, origin)
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
