"""Files and folders that appear under their names only when they are complete; checksums."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dfpenet_mm.errors import InputFileError, OutputError, brief
from dfpenet_mm.vocabulary import SUMMARY

# What GDAL raises when a disk refuses, beside OSError, by the modules that raise it.
DRIVER_ERRORS = {
    'rasterio.errors': ('RasterioError',),
    'rasterio._err': ('CPLE_BaseError',),
    'pyogrio.errors': ('DataSourceError', 'DataLayerError'),
}
ADVICE = 'free some space there, see that the folder may be written to, or choose another'
ANOTHER_FOLDER = (
    'free some space, see that the folder may be written to, or name another folder with --out'
)


def expected_errors(*kinds: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what a disk, GDAL and SQLite may raise, and further kinds.

    A library that nobody has loaded raises nothing.
    """
    loaded = [
        getattr(sys.modules[module], name)
        for module, names in DRIVER_ERRORS.items()
        if module in sys.modules
        for name in names
    ]
    return (OSError, sqlite3.Error, *loaded, *kinds)


@contextmanager
def disk_errors(path: Path | str, *kinds: type[Exception], advice: str = ADVICE) -> Iterator[None]:
    """Turn what a disk or driver raises while ``path`` is written into one sentence.

    Args:
        path: the file or folder as the user knows it.
        kinds: further errors of a library, such as torch's ``RuntimeError``.
        advice: how to mend it, in the imperative.

    Raises:
        OutputError: naming the path and the first line of the cause.
    """
    try:
        yield
    except expected_errors(*kinds) as error:
        if getattr(error, 'winerror', None) in IN_USE:
            advice = CLOSE_IT
        raise OutputError(f'{path} cannot be written ({brief(error)}); {advice}') from error


# Windows: no access, and a file that another program has open. It says both where one is shown.
IN_USE = (5, 32)
CLOSE_IT = 'close it in other programs, such as QGIS, see that it may be written to, and try again'


# How an input fails that opens, and how one does that lies elsewhere.
BREAKS_OFF, OFF_GRID = 'cannot be read to its end', 'cannot be read on the scene grid'
WHOLE, WHOLE_AND_PLACED = 'check that it is complete', 'check that it is complete, and its CRS'


@contextmanager
def read_errors(
    what: Path | str, *kinds: type[Exception], how: str = 'cannot be read', advice: str
) -> Iterator[None]:
    """Turn what a library raises while an input is read into one sentence.

    Args:
        what: the input as the user knows it.
        kinds: errors to expect besides those of a disk or driver.
        how: what cannot be done with it.
        advice: how to mend it, in the imperative.

    Raises:
        InputFileError: naming the input and the first line of the cause.
    """
    try:
        yield
    except expected_errors(*kinds) as error:
        raise InputFileError(f'{what} {how} ({brief(error)}); {advice}') from error


@contextmanager
def whole_file(
    path: Path,
    *kinds: type[Exception],
    parents: bool = False,
    durable: bool = False,
    advice: str = ADVICE,
) -> Iterator[Path]:
    """Lend a path to write to, and rename it to ``path`` if the block ends well.

    Args:
        path: final name; a file of that name is replaced.
        kinds: as for ``disk_errors``.
        parents: make its folder if need be; otherwise it must exist.
        durable: wait until the content is on the disk. Otherwise a power cut soon afterwards may
            keep the new name and lose the content.
        advice: as for ``disk_errors``.

    Yields:
        A path of the same file name on the same file system. Whatever stands there, and any
        side file of the driver, is gone after a block that raises.

    Raises:
        OutputError: if the folder does not exist, or the disk refuses.
    """
    with disk_errors(path, *kinds, advice=advice):
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(path, durable=durable, advice=advice) as part:
            yield part


@contextmanager
def staged_file(path: Path, *, durable: bool = False, advice: str = ADVICE) -> Iterator[Path]:
    """Lend a path as ``whole_file`` does to a block that does more than write.

    Its errors are left alone, as they may come from what it reads.

    Raises:
        OutputError: if the folder does not exist, or the file cannot be renamed.
    """
    with _staging(path.parent, path.name) as staging:
        part = staging / path.name
        yield part
        with disk_errors(path, advice=advice):
            if durable:
                flush_to_disk(part)
            os.replace(part, path)


def flush_to_disk(path: Path) -> None:
    """Wait until the content of a file is on the disk, whoever has written it."""
    with path.open('rb+') as file:
        os.fsync(file.fileno())


@contextmanager
def whole_files(folder: Path, name: str) -> Iterator[Path]:
    """Lend a folder to write to, and move all its files to ``folder`` if the block ends well.

    Args:
        folder: where they shall go; files of their names are replaced. It must exist.
        name: of one of them, for an error.

    Yields:
        A folder on the same file system, gone with all it holds after a block that raises.

    Raises:
        OutputError: if the folder does not exist, or the disk refuses.
    """
    with disk_errors(folder / name), _staging(folder, name) as staging:
        yield staging
        for part in sorted(staging.iterdir()):
            os.replace(part, folder / part.name)


@contextmanager
def _staging(folder: Path, name: str) -> Iterator[Path]:
    if not folder.is_dir():
        raise OutputError(f'{folder} is no folder, so {name} cannot be written; create it')
    with disk_errors(folder / name):
        temporary = TemporaryDirectory(prefix='.part-', dir=folder, ignore_cleanup_errors=True)
    with temporary as staging:
        yield Path(staging)


def check_free_folder(
    folder: Path, *, overwrite: bool = False, marker: str | None = None, option: str = '--out'
) -> None:
    """Refuse the name of a folder that is in use.

    Args:
        folder: final name; it need not exist.
        overwrite: allow a folder that an earlier run wrote to be replaced as a whole.
        marker: file by which, beside a summary, such a one is known. None refuses everything
            that exists; otherwise an empty folder is free.
        option: by which a user names the folder.

    Raises:
        OutputError: if it is taken.
    """
    there = folder.exists() or folder.is_symlink()
    if marker is None and there:
        raise OutputError(f'{folder} exists; remove it or name another folder with {option}')
    if folder.is_symlink() or (there and not folder.is_dir()):
        raise OutputError(f'{folder} is a file or a link; name a folder with {option}')
    if marker is None or not there or not any(folder.iterdir()):
        return
    ours = (folder / marker).is_file() and (folder / SUMMARY).is_file()
    if not overwrite:
        raise OutputError(
            f'{folder} is not empty; name another folder with {option}'
            + (', or pass --overwrite to replace what an earlier run wrote' if ours else '')
        )
    if not ours:
        raise OutputError(
            f'{folder} holds files and no {marker} and {SUMMARY} of an earlier run, so it is not '
            f'replaced; name another folder with {option}'
        )


@contextmanager
def whole_folder(
    folder: Path, *, overwrite: bool = False, marker: str | None = None
) -> Iterator[Path]:
    """Lend a folder beside the final one, and rename it when the block ends well.

    Args:
        folder: final name; the folders above it are made if need be.
        overwrite: as for ``check_free_folder``.
        marker: likewise.

    Yields:
        An empty folder on the same file system. It is gone after a block that raises, and
        ``folder`` is as it was.

    Raises:
        OutputError: as ``check_free_folder``, or if the disk refuses.
    """
    check_free_folder(folder, overwrite=overwrite, marker=marker)
    with disk_errors(folder, advice=ANOTHER_FOLDER):
        place = folder.absolute()
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(
            prefix=f'.{folder.name}-', dir=place.parent, ignore_cleanup_errors=True
        ) as around:
            # A temporary folder is for its owner alone; what is in it is for whoever may read.
            staging = Path(around, folder.name)
            staging.mkdir()
            yield staging
            check_free_folder(folder, overwrite=overwrite, marker=marker)
            _swap(staging, place, Path(around, 'old'))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def _swap(staging: Path, folder: Path, aside: Path) -> None:
    """Rename the new folder into place; an old one stands aside until that has worked."""
    if not folder.exists():
        staging.rename(folder)
        return
    folder.rename(aside)
    try:
        staging.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
