"""An environment in which a program runs as if QGIS had not started it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# Variables by which QGIS's launchers lead Python, GDAL, PROJ, Qt and the loader of shared
# libraries to what QGIS brings along.
PREFIXES = ('PYTHON', 'PROJ_', 'QT_', 'QML', 'QGIS', 'DYLD_', 'O4W_', 'OSGEO4W', 'OPENSSL_')
NAMES = frozenset(
    {
        'GDAL_DATA',
        'GDAL_DRIVER_PATH',
        'GDAL_PYTHON_DRIVER_PATH',
        'GEOTIFF_CSV',
        'GISBASE',
        'LD_LIBRARY_PATH',
        'LD_PRELOAD',
        'VIRTUAL_ENV',
        '__PYVENV_LAUNCHER__',
    }
)
# The folder of QGIS on Windows, whose programs come first on its path.
QGIS_HOME = 'OSGEO4W_ROOT'
# On a Mac a program that was started from the Dock knows none of the folders of installers.
MAC_FOLDERS = ('/usr/local/bin', '/opt/homebrew/bin')


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Leave out what belongs to QGIS, and let Python speak UTF-8 whatever the system speaks.

    Args:
        environment: variables by name; None for those of this process.

    Returns:
        The variables for another program; folders of QGIS are off its ``PATH``,
        on a Mac those of installers on it.
    """
    given = os.environ if environment is None else environment
    kept = {name: value for name, value in given.items() if not _is_of_qgis(name.upper())}
    home = given.get(QGIS_HOME)
    if home and 'PATH' in kept:
        folders = kept['PATH'].split(os.pathsep)
        kept['PATH'] = os.pathsep.join(path for path in folders if not _lies_in(path, home))
    if sys.platform == 'darwin' and 'PATH' in kept:
        more = [path for path in MAC_FOLDERS if path not in kept['PATH'].split(os.pathsep)]
        kept['PATH'] = os.pathsep.join([kept['PATH'], *more])
    kept['PYTHONUTF8'] = '1'
    return kept


def _is_of_qgis(name: str) -> bool:
    return name in NAMES or name.startswith(PREFIXES)


def _lies_in(path: str, folder: str) -> bool:
    inner, outer = (os.path.normcase(os.path.normpath(name)) for name in (path, folder))
    return inner == outer or inner.startswith(outer + os.sep)
