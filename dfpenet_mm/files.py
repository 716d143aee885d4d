"""Files and folders that appear under their name only when they are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from pyogrio.errors import DataSourceError
from rasterio.errors import RasterioError

from dfpenet_mm.errors import OutputError, brief
from dfpenet_mm.vocabulary import SUMMARY


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


def check_new_folder(folder: Path, option: str = '--out') -> None:
    """Refuse a name that is taken; a slow export asks before it starts.

    Args:
        folder: the name.
        option: of the command line that gave it.

    Raises:
        OutputError: if it is.
    """
    if folder.exists() or folder.is_symlink():
        raise OutputError(f'{folder} exists; remove it or name another folder with {option}')


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
