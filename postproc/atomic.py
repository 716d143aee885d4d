"""Files that appear under their final name only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dfpenet_mm.errors import OutputError, brief


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Lend a path to write to, and rename it to ``path`` if the block ends well.

    Args:
        path: final name; a file of that name is replaced. Its folder must exist.

    Yields:
        A path of the same file name on the same file system. Whatever stands there, and any
        side file of the driver, is gone after a block that raises.

    Raises:
        OutputError: if the folder does not exist.
    """
    with _staging(path.parent, path.name) as staging:
        yield staging / path.name
        os.replace(staging / path.name, path)


@contextmanager
def written_together(folder: Path, name: str) -> Iterator[Path]:
    """Lend a folder to write to, and move all its files to ``folder`` if the block ends well.

    Args:
        folder: where they shall go; files of their names are replaced. It must exist.
        name: what to call them in an error.

    Yields:
        A folder on the same file system, gone with all it holds after a block that raises.

    Raises:
        OutputError: if the folder does not exist.
    """
    with _staging(folder, name) as staging:
        yield staging
        for part in sorted(staging.iterdir()):
            os.replace(part, folder / part.name)


@contextmanager
def _staging(folder: Path, name: str) -> Iterator[Path]:
    if not folder.is_dir():
        raise OutputError(f'{folder} is no folder, so {name} cannot be written; create it')
    with TemporaryDirectory(prefix='.part-', dir=folder) as staging:
        yield Path(staging)


@contextmanager
def write_errors(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what a disk or driver raises while ``path`` is written into one sentence.

    Args:
        path: the file as the user knows it.
        kinds: errors of the driver that are no ``OSError``.

    Raises:
        OutputError: naming the file and the first line of the cause.
    """
    try:
        yield
    except (OSError, *kinds) as error:
        raise OutputError(
            f'{path} cannot be written ({brief(error)}); free some space there, see that the '
            f'folder may be written to, or choose another'
        ) from error
