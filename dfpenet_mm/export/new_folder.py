"""A folder of exported files that appears under its name when all of them are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from dfpenet_mm.errors import OutputError


def check_new_folder(folder: Path) -> None:
    """Refuse a name that is taken; a slow export asks before it starts.

    Raises:
        OutputError: if it is.
    """
    if folder.exists() or folder.is_symlink():
        raise OutputError(f'{folder} exists; remove it or name another folder with --out')


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder beside the final one, and rename it when the block ends well.

    Args:
        folder: final name; it must not exist.

    Yields:
        An empty folder on the same file system, gone after a block that raises.

    Raises:
        OutputError: if ``folder`` exists or the disk refuses.
    """
    check_new_folder(folder)
    staging = None
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(prefix=f'.{folder.name}-', dir=folder.absolute().parent))
        yield staging
        # A temporary folder is for its owner alone.
        umask = os.umask(0)
        os.umask(umask)
        staging.chmod(0o777 & ~umask)
        check_new_folder(folder)
        staging.rename(folder)
    except OSError as error:
        raise OutputError(
            f'{folder} cannot be written ({error.strerror or error}); free some space or name '
            f'another folder with --out'
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
