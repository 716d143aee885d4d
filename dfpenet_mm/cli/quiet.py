"""Keep out of a command what is not its own: remarks of libraries, settings of other programs."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import sqlite3
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Libraries whose advice concerns who calls them, not the user: what is wrong with a file, the
# commands say themselves.
LIBRARIES = (
    r'(mmcv|mmseg|mmengine|torch|torchvision|rasterio|pyogrio|pyproj|shapely|geopandas|pandas|'
    r'matplotlib)(\.|$)'
)
# The database of PROJ that the wheels of these libraries bring.
DATABASES = {
    'rasterio': 'proj_data/proj.db',
    'pyogrio': 'proj_data/proj.db',
    'pyproj': 'proj_dir/share/proj/proj.db',
}
PROJ_TABLES = ('PROJ_DATA', 'PROJ_LIB')
# Tables and drivers that fit one build of GDAL: the wheels bring their own.
GDAL_TABLES = ('GDAL_DATA', 'GDAL_DRIVER_PATH')
LAYOUT = 'DATABASE.LAYOUT.VERSION.'


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Import and call libraries without their remarks, and without other programs' settings.

    Importing mmseg prints to stdout, which belongs to the result: what the block prints there
    is dropped. Warnings of ``LIBRARIES`` are ignored from here to the end of the process,
    as they may still be given by what was built in the block. So are matplotlib's on
    settings of the user, which no picture here follows, and what libtiff writes to stderr on
    its own: on a full disk dozens of lines before the sentence.
    """
    drop_foreign_settings()
    warnings.filterwarnings('ignore', module=LIBRARIES)
    logging.getLogger('matplotlib').setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    if 'rasterio' in sys.modules:
        _silence_libtiff()


@cache
def _silence_libtiff() -> None:
    """Take away libtiff's handler of errors that GDAL has not replaced; all are raised, too."""
    extension = sys.modules['rasterio']._base.__file__
    # Where GDAL was built with a libtiff of its own, there is no such name.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(extension).TIFFSetErrorHandler(None)


@cache
def drop_foreign_settings() -> Mapping[str, str]:
    """Take variables out of the environment by which another program would break this one.

    A notebook names a backend of matplotlib that only its own Python has, a GIS tables of its
    own PROJ. Libraries look when they are imported. Tables stay where these libraries bring
    none, as in conda, or can read them.

    Returns:
        The tables that were taken out, by variable.
    """
    os.environ['MPLBACKEND'] = 'agg'
    brought = [path for path in map(_brought_database, DATABASES) if path is not None]
    if not brought:
        return {}
    foreign = [name for name in PROJ_TABLES if not _readable(os.environ.get(name, ''), brought)]
    return {name: os.environ.pop(name) for name in (*foreign, *GDAL_TABLES) if name in os.environ}


def _brought_database(library: str) -> Path | None:
    spec = find_spec(library)
    places = spec.submodule_search_locations if spec else None
    path = Path(*places, DATABASES[library]) if places else None
    return path if path and path.is_file() else None


def _readable(folders: str, brought: list[Path]) -> bool:
    """Tell whether PROJ of these libraries reads the database in folders, as it looks there."""
    candidates = (Path(folder, 'proj.db') for folder in folders.split(os.pathsep) if folder)
    found = _layout(next((path for path in candidates if path.is_file()), None))
    wanted = [_layout(path) for path in brought]
    if found is None or None in wanted:
        return False
    return all(found[0] == major and found[1] >= minor for major, minor in wanted)


def _layout(database: Path | None) -> tuple[int, int] | None:
    if database is None:
        return None
    address = f'{database.absolute().as_uri()}?mode=ro&immutable=1'
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as tables:
            rows = dict(tables.execute('SELECT key, value FROM metadata'))
        return int(rows[f'{LAYOUT}MAJOR']), int(rows[f'{LAYOUT}MINOR'])
    except (sqlite3.Error, KeyError, TypeError, ValueError):
        return None
