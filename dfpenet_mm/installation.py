"""The installation: packages that cannot work together, and libraries kept quiet."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import logging
import os
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path

from dfpenet_mm.errors import EXIT_CODE, InstallError

# The maintained packages and their upstream namesakes install into the same folders.
MAINTAINED = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation')
UPSTREAM = ('mmengine', 'mmengine-lite', 'mmcv', 'mmcv-lite', 'mmcv-full', 'mmsegmentation')

# Wheels that lean on libraries of the system, and what to do where those are missing.
SYSTEM_LIBRARY_MENDS = {
    'cv2': (
        'install the build without a display (pip install --no-deps --force-reinstall '
        'opencv-python-headless) or the packages libgl1 and libglib2.0-0 of the system'
    ),
    'rasterio': 'install the package libexpat1 of the system',
}


def installed_names() -> set[str]:
    """Return the names of the installed distributions, lower case, with hyphens."""
    names = (distribution.metadata['Name'] for distribution in metadata.distributions())
    return {name.lower().replace('_', '-') for name in names if name}


def installed_version(distribution: str) -> str | None:
    """Return the version of a distribution; None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def require_one_family(names: Iterable[str] | None = None) -> None:
    """Refuse packages that have overwritten each other's files.

    Args:
        names: installed distributions, lower case, with hyphens; None looks them up.

    Raises:
        InstallError: naming both families and the commands that mend it.
    """
    names = installed_names() if names is None else set(names)
    maintained = [name for name in MAINTAINED if name in names]
    upstream = [name for name in UPSTREAM if name in names]
    if maintained and upstream:
        raise InstallError(
            f'{", ".join(maintained)} and {", ".join(upstream)} are installed together, but '
            f'write into the same folders; keep one family: pip uninstall -y '
            f'{" ".join(upstream + maintained)}, then pip install {" ".join(MAINTAINED)}'
        )


# What the extra ``train`` installs, by import name.
TRAINING = ('torch', 'torchvision', 'cv2', 'mmengine', 'mmcv', 'mmseg')
TRAINING_MEND = "add PyTorch and the mm packages with pip install 'dfpenet_mm[train]'"


@cache
def has_training() -> bool:
    """Tell whether PyTorch and the mm packages are installed, without loading them."""
    return all(sys.modules.get(name) or _is_there(name) for name in TRAINING)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        # Another program has barred it, as the tests of this do.
        return False


def require_training(what: str) -> None:
    """Refuse what only the extra ``train`` can do.

    Args:
        what: asks for it, such as ``landslide-map teach``.

    Raises:
        InstallError: if PyTorch or one of the mm packages is not installed.
    """
    if not has_training():
        missing = ', '.join(name for name in TRAINING if not _is_there(name))
        raise InstallError(
            f'{what} needs PyTorch, which this installation does without ({missing} missing); '
            f'{TRAINING_MEND}'
        )


def require_system_libraries(modules: Iterable[str] = tuple(SYSTEM_LIBRARY_MENDS)) -> None:
    """Import what needs libraries of the system, and say which are missing.

    Args:
        modules: import names, keys of ``SYSTEM_LIBRARY_MENDS``.

    Raises:
        InstallError: naming the module, the loader's complaint and the mend.
    """
    for module in modules:
        if module in TRAINING and not has_training():
            continue
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InstallError(
                f'{module} cannot be loaded ({error}); {SYSTEM_LIBRARY_MENDS[module]}'
            ) from error


class OwnPostproc:
    """Finder of ``postproc`` where this project has it, whatever else has that name.

    Python looks first beside the script that runs, where a ``postproc.py`` of the user's own
    may lie. What this project imports is its own package all the same.
    """

    NAME = 'postproc'
    FILE = Path(__file__).resolve().parents[1] / NAME / '__init__.py'

    @classmethod
    def install(cls) -> None:
        """Put the finder before Python's own.

        Raises:
            InstallError: if another module was imported by that name before.
        """
        found = sys.modules.get(cls.NAME)
        if found is not None and not cls._is_ours(getattr(found, '__file__', None)):
            raise InstallError(
                f'{getattr(found, "__file__", None) or found} was imported as {cls.NAME!r}, which '
                f'is the name of a part of dfpenet_mm; rename it, or import dfpenet_mm.cli before '
                f'it'
            )
        if cls not in sys.meta_path and cls.FILE.is_file():
            sys.meta_path.insert(0, cls)

    @classmethod
    def find_spec(
        cls, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        """Return where this project's package is, and warn of another that it hides."""
        if name != cls.NAME:
            return None
        other = PathFinder.find_spec(name)
        if other is not None and not cls._is_ours(other.origin):
            warnings.warn(
                f'{other.origin or list(other.submodule_search_locations or ())} has the name '
                f'{name!r} of a part of dfpenet_mm, which is imported in its place; rename it',
                stacklevel=2,
            )
        return spec_from_file_location(
            name, cls.FILE, submodule_search_locations=[str(cls.FILE.parent)]
        )

    @classmethod
    def _is_ours(cls, file: str | None) -> bool:
        return file is not None and Path(file).resolve() == cls.FILE


def main() -> int:
    """Run every check; return the exit code, with the complaint on stderr."""
    try:
        require_one_family()
        require_system_libraries()
    except InstallError as error:
        sys.stderr.write(f'{error}\n')
        return EXIT_CODE
    return 0


if __name__ == '__main__':
    sys.exit(main())


# Libraries whose advice concerns who calls them, not the user: what is wrong with a file, the
# commands say themselves.
LIBRARIES = (
    r'(mmcv|mmseg|mmengine|torch|torchvision|rasterio|pyogrio|pyproj|shapely|geopandas|pandas|'
    r'matplotlib)(\.|$)'
)
TELEMETRY = 'openvino_telemetry'


def silence_telemetry(library: str) -> None:
    """Let a library find no telemetry package, so that it uses its own stub and sends nothing.

    Otherwise importing OpenVINO alone sends an event, and on a machine without a network ends
    in waiting for it.

    Args:
        library: import name of the library; nothing happens if it is imported already.
    """
    if library not in sys.modules:
        # None makes Python refuse the import.
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]


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
    wanted = [layout for path in brought if (layout := _layout(path))]
    if found is None or len(wanted) < len(brought):
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
