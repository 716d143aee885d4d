"""An output folder held by one process at a time."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors

LOCK, HOLDER = 'lock', 'lock.json'
# What is open cannot be removed there: neither a lock that is held, nor its folder.
KEEPS_OPEN_FILES = os.name == 'nt'
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked_folder(folder: Path, work: Path) -> Iterator[str | None]:
    """Hold a lock that the system lets go of when the process ends, however it ends.

    Args:
        folder: the output folder, for an error.
        work: folder inside of it where the lock lies; it must exist.

    Yields:
        A sentence where the file system knows no locks: better a run without one than none.

    Raises:
        OutputError: if another process holds it, or the disk refuses.
    """
    lock = _lock_of(work)
    unlocked = None
    try:
        lock.acquire()
    except (Timeout, FileNotFoundError):
        # Held, or the run that held it has just ended and taken its folder away.
        raise _in_use(folder, work) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            with disk_errors(folder, advice=ANOTHER_FOLDER):
                raise
        unlocked = (
            f'the file system of {folder} knows no locks ({error.strerror or error}), so see that '
            f'no other run works there'
        )
    try:
        with disk_errors(folder, advice=ANOTHER_FOLDER):
            holder = {'host': socket.gethostname(), 'pid': os.getpid()}
            (work / HOLDER).write_text(json.dumps(holder), encoding='utf-8')
        yield unlocked
    finally:
        # The body may have removed the folder, as far as the system let it.
        left = KEEPS_OPEN_FILES and {path.name for path in work.glob('*')} <= {LOCK, HOLDER}
        lock.release()
        if left:
            with suppress(OSError):
                for name in (LOCK, HOLDER):
                    (work / name).unlink(missing_ok=True)
                work.rmdir()


def refuse_held(folder: Path, work: Path) -> None:
    """Refuse a folder that another process holds, before anything slow is begun.

    Args:
        folder: the output folder, for an error.
        work: as for ``locked_folder``; it need not exist.

    Raises:
        OutputError: if another process holds it.
    """
    if not (work / LOCK).exists():
        return
    lock = _lock_of(work)
    try:
        lock.acquire()
    except Timeout:
        raise _in_use(folder, work) from None
    except OSError:
        return  # whoever takes it will say why that cannot be
    lock.release()


def _lock_of(work: Path) -> BaseFileLock:
    return FileLock(work / LOCK, blocking=False, fallback_to_soft=False)


def _in_use(folder: Path, work: Path) -> OutputError:
    return OutputError(
        f'{folder} is in use by another run ({_holder(work)}); wait until it ends or name another '
        f'folder with --out'
    )


def _holder(work: Path) -> str:
    try:
        holder = json.loads((work / HOLDER).read_text(encoding='utf-8'))
        return f'process {holder["pid"]} on {holder["host"]}'
    except (OSError, ValueError, KeyError, TypeError):
        return 'a process that has not said its name'
