"""Find installations that pip believes sound and that cannot work.

``python -m dfpenet_mm.install_check`` runs every check; a command calls the cheap
``require_one_family`` before it imports mmengine.
"""

import importlib
import sys
from collections.abc import Iterable
from importlib import metadata

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


def require_system_libraries(modules: Iterable[str] = tuple(SYSTEM_LIBRARY_MENDS)) -> None:
    """Import what needs libraries of the system, and say which are missing.

    Args:
        modules: import names, keys of ``SYSTEM_LIBRARY_MENDS``.

    Raises:
        InstallError: naming the module, the loader's complaint and the mend.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InstallError(
                f'{module} cannot be loaded ({error}); {SYSTEM_LIBRARY_MENDS[module]}'
            ) from error


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
