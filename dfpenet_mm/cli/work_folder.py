"""The hidden folder in which a run works, and from which it can be resumed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.wording import counted

# Inside of the output folder, so that moving the products is renaming.
NAME = '.unfinished'
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
    return folder / NAME / RECORD


def finished_blocks(folder: Path) -> int:
    """Count the finished blocks that an output folder holds of an unfinished run."""
    try:
        return sum(1 for _ in (folder / NAME).glob('*/blocks/*.block'))
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
    work = WorkFolder(folder / NAME)
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
