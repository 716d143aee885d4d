"""The output folder of a run: refused when in use, filled only when a run is complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dfpenet_mm.errors import OutputError

STAGING = '.incomplete'


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk raises into an error the user can mend."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f'{folder} cannot be written to ({error.strerror}); free some space or name another '
            f'folder with --out'
        ) from error


def check_output_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is in use.

    Args:
        folder: where the products shall go; it need not exist.
        overwrite: allow products of an earlier run to be replaced; other files stay.

    Raises:
        OutputError: if it is a file, or holds anything but a killed run's leftovers.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f'{folder} is a file; name a folder with --out')
    if overwrite or not folder.is_dir():
        return
    if any(path.name != STAGING for path in folder.iterdir()):
        raise OutputError(
            f'{folder} is not empty; name another folder with --out, or pass --overwrite to '
            f'replace the products in it'
        )


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder whose files move to ``folder`` when the run has succeeded.

    Args:
        folder: the output folder; it is made if need be.

    Yields:
        An empty folder inside it, so that moving is renaming. When the body fails it is
        removed, and ``folder`` is as it was before.

    Raises:
        OutputError: if the disk refuses.
    """
    existed = folder.is_dir()
    staging = folder / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with disk_errors(folder):
            staging.mkdir(parents=True)
        yield staging
        with disk_errors(folder):
            for product in sorted(staging.iterdir()):
                product.replace(folder / product.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not existed and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
