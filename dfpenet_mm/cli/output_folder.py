"""The output folder of a run: refused when in use, filled only when a run is complete."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dfpenet_mm.errors import OutputError

STAGING_PREFIX = '.incomplete-'
SUMMARY = 'summary.json'
# What GDAL and QGIS leave beside a file; beside its successor it would corrupt or lie.
SIDECARS = ('-wal', '-shm', '-journal', '.aux.xml', '.ovr', '.msk')


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk raises into an error the user can mend."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f'{folder} cannot be written to ({error.strerror or error}); free some space or name '
            f'another folder with --out'
        ) from error


def check_output_folder(folder: Path, *, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """Refuse a folder that is in use.

    Args:
        folder: where the products shall go; it need not exist.
        overwrite: allow products of an earlier run to be replaced; other files stay.
        inputs: files of the run, which must not lie in the folder.

    Raises:
        OutputError: if it is a file, holds anything but a killed run's leftovers, or holds an
            input, which a product might replace.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f'{folder} is a file; name a folder with --out')
    for path in inputs:
        if path.resolve().parent == folder.resolve():
            raise OutputError(
                f'{path} lies in the output folder, where a product could replace it; move it '
                f'away or name another folder with --out'
            )
    if not overwrite and folder.is_dir() and any(map(_is_kept, folder.iterdir())):
        raise OutputError(
            f'{folder} is not empty; name another folder with --out, or pass --overwrite to '
            f'replace the products in it'
        )


@contextmanager
def staging_folder(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """Lend a folder whose files move to ``folder`` when the run has succeeded.

    Args:
        folder: the output folder; it is made if need be.
        overwrite: replace the products that an earlier run's summary lists.

    Yields:
        An empty folder inside it, so that moving is renaming. When the body fails it is
        removed, and ``folder`` is as it was before.

    Raises:
        OutputError: if the disk refuses, or another run has filled ``folder`` meanwhile.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    staging = folder / f'{STAGING_PREFIX}{socket.gethostname()}-{os.getpid()}'
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(folder)
            staging.mkdir()
        yield staging
        check_output_folder(folder, overwrite=overwrite)
        with disk_errors(folder):
            _publish(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            for path in made:
                path.rmdir()


def _is_kept(path: Path) -> bool:
    return not path.name.startswith(STAGING_PREFIX)


def _remove_leftovers(folder: Path) -> None:
    """Remove the staging of runs on this machine that were killed."""
    mine = f'{STAGING_PREFIX}{socket.gethostname()}-'
    for path in folder.glob(f'{mine}*'):
        pid = path.name.removeprefix(mine)
        if pid.isdecimal() and not _is_running(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _publish(staging: Path, folder: Path) -> None:
    """Move the products, after taking away those of an earlier run and all sidecars."""
    products = sorted(path.name for path in staging.iterdir())
    for name in {*products, *_earlier_products(folder)}:
        for suffix in SIDECARS:
            (folder / f'{name}{suffix}').unlink(missing_ok=True)
        if name not in products:
            (folder / name).unlink(missing_ok=True)
    for name in products:
        (staging / name).replace(folder / name)


def _earlier_products(folder: Path) -> list[str]:
    """Names that the summary of an earlier run lists as its products."""
    try:
        listed = json.loads((folder / SUMMARY).read_text(encoding='utf-8'))['files']
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in listed if isinstance(name, str) and Path(name).name == name]
