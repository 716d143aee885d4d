"""Find installations that pip believes sound and that cannot work.

``python -m dfpenet_mm.install_check`` runs every check; a command calls the cheap
``require_one_family`` before it imports mmengine.
"""

import importlib
import sys
import warnings
from collections.abc import Iterable
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
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
