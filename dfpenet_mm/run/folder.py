"""The folder of a run: locked, worked in out of sight, and filled when the run is complete."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.source_files import local_file
from dfpenet_mm.vocabulary import SUMMARY
from dfpenet_mm.wording import counted

# Inside of the output folder, so that moving the products is renaming.
WORK_FOLDER = '.unfinished'
LOCK, PRODUCTS, RECORD = 'lock', 'products', 'run.json'


@dataclass(frozen=True)
class WorkFolder:
    """Where one run works, and no other one at the same time.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def products(self) -> Path:
        """Folder of the products until all are complete."""
        return self.path / PRODUCTS

    @property
    def record(self) -> Path:
        """File that says which run the blocks belong to."""
        return self.path / RECORD

    def role(self, role: str) -> Path:
        """Folder of what is finished of the scene ``role``."""
        return self.path / role

    def clear(self) -> None:
        """Remove all but the lock."""
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()


def record_of(folder: Path) -> Path:
    """Return where an output folder's unfinished run says what it belongs to."""
    return folder / WORK_FOLDER / RECORD


def finished_blocks(folder: Path) -> int:
    """Count the finished blocks that an output folder holds of an unfinished run."""
    try:
        return sum(1 for _ in (folder / WORK_FOLDER).glob('*/blocks/*.block'))
    except OSError:
        return 0  # whoever writes there will say why it cannot be read


def check_unfinished(folder: Path, *, overwrite: bool, resume: bool) -> None:
    """Raise ``OutputError`` if there is unfinished work that nobody said what to do with."""
    blocks = 0 if overwrite or resume else finished_blocks(folder)
    if blocks:
        raise OutputError(
            f'{folder} holds an unfinished run with {counted(blocks, "finished block")}; '
            f'pass --resume to continue it, or --overwrite to start over'
        )


@contextmanager
def open_work_folder(folder: Path, *, overwrite: bool, resume: bool) -> Iterator[WorkFolder]:
    """Take the work folder of an output folder for this process.

    Args:
        folder: the output folder; it is made if need be.
        overwrite: throw away what an earlier run left unfinished, unless ``resume``.
        resume: keep it.

    Yields:
        The work folder, with an empty folder for products. Afterwards it is removed, but for
        finished blocks when the body fails: then it stays.

    Raises:
        OutputError: if the disk refuses, another run works there, or one is unfinished
            and neither ``overwrite`` nor ``resume`` is given.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    work = WorkFolder(folder / WORK_FOLDER)
    done = False
    try:
        with disk_errors(folder):
            _make_room(work.path, overwrite=overwrite and not resume)
            work.path.mkdir(parents=True, exist_ok=True)
        with _locked(folder, work.path / LOCK):
            try:
                check_unfinished(folder, overwrite=overwrite, resume=resume)
                with disk_errors(folder):
                    if not (resume and finished_blocks(folder)):
                        work.clear()
                    shutil.rmtree(work.products, ignore_errors=True)
                    work.products.mkdir()
                yield work
                done = True
            finally:
                if done or not finished_blocks(folder):
                    shutil.rmtree(work.path, ignore_errors=True)
                else:
                    shutil.rmtree(work.products, ignore_errors=True)
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()


def _make_room(path: Path, *, overwrite: bool) -> None:
    """Remove a file, or a link that leads nowhere, where the work folder shall be."""
    if path.is_dir() or not (path.is_symlink() or path.exists()):
        return
    if not overwrite:
        raise OutputError(f'{path} is no folder; remove it, or pass --overwrite')
    path.unlink()


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk raises into an error the user can mend."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f'{folder} cannot be written to ({error.strerror or error}); free some space, see that '
            f'the folder may be written to, or name another with --out'
        ) from error


@contextmanager
def _locked(folder: Path, path: Path) -> Iterator[None]:
    """Hold a lock that the system lets go of when the process ends, however it ends."""
    with disk_errors(folder):
        file = path.open('a+', encoding='utf-8')
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken = os.fstat(file.fileno()).st_ino != path.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            # Held, or the run that held it has just ended and taken its folder away.
            taken = True
        except OSError:
            # Some network file systems know no locks: better a run without one than none.
            taken = False
        if taken:
            raise OutputError(
                f'{folder} is in use by another run ({_holder(path)}); wait until it ends or '
                f'name another folder with --out'
            )
        file.truncate(0)
        json.dump({'host': socket.gethostname(), 'pid': os.getpid()}, file)
        file.flush()
        yield


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding='utf-8'))
        return f'process {holder["pid"]} on {holder["host"]}'
    except (OSError, ValueError, KeyError, TypeError):
        return 'a process that has not said its name'


PUBLISHING = 'publishing.json'
# Folder of the pictures among the products.
FIGURES = 'figures'
# What GDAL and QGIS leave beside a file; beside its successor it would corrupt or lie.
SIDECARS = ('-wal', '-shm', '-journal', '.aux.xml', '.ovr', '.msk')


def check_output_folder(
    folder: Path, *, overwrite: bool, resume: bool = False, inputs: Iterable[Path] = ()
) -> None:
    """Refuse a folder that is in use.

    Args:
        folder: where the products shall go; it need not exist.
        overwrite: allow products of an earlier run to be replaced; other files stay.
        resume: allow unfinished work of an earlier run to be continued.
        inputs: files of the run, which must not lie in the folder.

    Raises:
        OutputError: if it is a file, holds anything but unfinished work that may be continued or
            thrown away, or holds an input, which a product might replace.
    """
    with disk_errors(folder):
        there = folder.exists()
    if there and not folder.is_dir():
        raise OutputError(f'{folder} is a file; name a folder with --out')
    if folder.is_symlink() and not there:
        raise OutputError(
            f'{folder} is a link that leads nowhere; remove it, or name another folder with --out'
        )
    for path in inputs:
        if _real(local_file(path) or path).parent in (_real(folder), _real(folder / FIGURES)):
            raise OutputError(
                f'{path} lies in the output folder, where a product could replace it; move it '
                f'away or name another folder with --out'
            )
    check_unfinished(folder, overwrite=overwrite, resume=resume)
    _check_vacant(folder, overwrite=overwrite)


def _check_vacant(folder: Path, *, overwrite: bool) -> None:
    if overwrite or not folder.is_dir():
        return
    ours = {folder / name for name in _listed(folder, folder / WORK_FOLDER / PUBLISHING)}
    known = {folder / WORK_FOLDER, *ours, *(above for path in ours for above in path.parents)}
    # The first stranger ends the search.
    paths = (path for path in folder.rglob('*') if folder / WORK_FOLDER not in path.parents)
    if any(path not in known for path in paths):
        raise OutputError(
            f'{folder} is not empty; name another folder with --out, or pass --overwrite to '
            f'replace the products in it'
        )


def product_names(products: Path) -> list[str]:
    """Name the files in a folder of products and in its subfolders, sorted.

    Args:
        products: the folder.

    Returns:
        Paths inside the folder, with ``/`` between their parts.
    """
    files = (path for path in products.rglob('*') if path.is_file())
    return sorted(path.relative_to(products).as_posix() for path in files)


@contextmanager
def staging_folder(folder: Path, *, overwrite: bool, resume: bool = False) -> Iterator[WorkFolder]:
    """Lend a work folder whose products move to ``folder`` when the run has succeeded.

    Args:
        folder: the output folder; it is made if need be.
        overwrite: replace the products that an earlier run's summary lists, and throw away what
            one left unfinished, unless ``resume``.
        resume: continue what an earlier run left unfinished, if there is any.

    Yields:
        The work folder. When the body fails, ``folder`` is as it was before but for the finished
        blocks.

    Raises:
        OutputError: if the disk refuses, or another run works in ``folder`` or has filled it.
    """
    with open_work_folder(folder, overwrite=overwrite, resume=resume) as work:
        yield work
        _check_vacant(folder, overwrite=overwrite)
        with disk_errors(folder):
            _publish(work.products, folder)


def _publish(staging: Path, folder: Path) -> None:
    """Move the products, after taking away those of an earlier run and all sidecars."""
    products = product_names(staging)
    # A run killed between two moves can be resumed: these names are its own.
    (staging.parent / PUBLISHING).write_text(json.dumps({'files': products}), encoding='utf-8')
    for name in {*products, *_listed(folder, folder / SUMMARY)}:
        for suffix in SIDECARS:
            (folder / f'{name}{suffix}').unlink(missing_ok=True)
        if name not in products:
            _remove(folder / name, folder)
    for name in products:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(folder / name)


def _remove(path: Path, folder: Path) -> None:
    """Remove a file, and its subfolder of ``folder`` if it was the last one there."""
    path.unlink(missing_ok=True)
    if path.parent != folder:
        with suppress(OSError):
            path.parent.rmdir()


def _listed(folder: Path, path: Path) -> list[str]:
    """Names of products that a summary, or a list of what is being published, holds."""
    try:
        listed = json.loads(path.read_text(encoding='utf-8'))['files']
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in listed if isinstance(name, str) and _is_inside(folder, name)]


def _is_inside(folder: Path, name: str) -> bool:
    """Tell whether a name is that of a file in the folder, whatever links say."""
    try:
        place = _real((folder / name).parent)
    except (OSError, ValueError):
        return False
    return Path(name).name not in ('', '..') and place.is_relative_to(_real(folder))


def _real(path: Path) -> Path:
    """Follow links; ``Path.resolve`` raises where they lead in a circle."""
    return Path(os.path.realpath(path))
