"""A folder that appears under its name only when everything in it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from pyogrio.errors import DataSourceError
from rasterio.errors import RasterioError

from dfpenet_mm.errors import OutputError

SUMMARY = 'summary.json'


def check_free(folder: Path, *, overwrite: bool, marker: str) -> None:
    """Refuse a folder that is in use.

    Args:
        folder: where the data set shall be; it need not exist.
        overwrite: allow one that an earlier run wrote to be replaced as a whole.
        marker: file by which such a one is known.

    Raises:
        OutputError: if it is a file or holds anything else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f'{folder} is a file or a link; name a folder with --out')
    if not folder.exists() or not any(folder.iterdir()):
        return
    ours = (folder / marker).is_file() and (folder / SUMMARY).is_file()
    if not overwrite:
        raise OutputError(
            f'{folder} is not empty; name another folder with --out'
            + (', or pass --overwrite to replace what an earlier run wrote' if ours else '')
        )
    if not ours:
        raise OutputError(
            f'{folder} holds files and no {marker} and {SUMMARY} of an earlier run, so it is not '
            f'replaced; name another folder with --out'
        )


@contextmanager
def complete_folder(folder: Path, *, overwrite: bool, marker: str) -> Iterator[Path]:
    """Lend a folder beside the final one, and rename it when the block ends well.

    Args:
        folder: final name.
        overwrite: as for ``check_free``.
        marker: likewise.

    Yields:
        An empty folder on the same file system. It is gone after a block that raises, and
        ``folder`` is as it was.

    Raises:
        OutputError: as ``check_free``, or if the disk refuses.
    """
    check_free(folder, overwrite=overwrite, marker=marker)
    staging = None
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(prefix=f'.{folder.name}-', dir=folder.absolute().parent))
        # A temporary folder is for its owner alone; a data set is for whoever may read.
        staging.chmod(0o777 & ~_umask())
        yield staging
        check_free(folder, overwrite=overwrite, marker=marker)
        _publish(staging, folder.absolute())
    except (OSError, RasterioError, DataSourceError) as error:
        cause = getattr(error, 'strerror', None) or error
        raise OutputError(
            f'{folder} cannot be written ({cause}); free some space or name another folder with '
            f'--out'
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, folder: Path) -> None:
    """Rename the new folder into place; the old one stands aside until that has worked."""
    if not folder.exists():
        staging.rename(folder)
        return
    aside = staging.with_name(f'{staging.name}-old')
    folder.rename(aside)
    try:
        staging.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
