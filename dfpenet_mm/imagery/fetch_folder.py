"""The folder of a fetch: free or begun by one, held by one at a time, and left with no trace."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.folder_lock import HOLDER, LOCK, locked_folder

# Where it is, all other products are.
RECORD = 'fetch.json'
# What was read and made so far.
UNFINISHED, WINDOWS, STAGING = '.unfinished', 'windows', 'products'
OWN = {WINDOWS, STAGING, LOCK, HOLDER}


def check_out(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds anything but what a fetch was stopped at.

    Args:
        out: folder of the products.
        overwrite: a fetch that was finished there may be replaced.

    Raises:
        OutputError: if it is in use.
    """
    whole = (out / RECORD).is_file()
    if _is_begun(out / UNFINISHED) and not whole:
        return
    if not (whole and overwrite):
        hint = ', or pass --overwrite to fetch anew' if whole else ''
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise OutputError(f'{out} is not empty; name another folder with --out{hint}')


def _is_begun(work: Path) -> bool:
    """Tell whether a fetch was begun there, and not a map."""
    return work.is_dir() and {path.name for path in work.iterdir()} <= OWN


@contextmanager
def held_folder(out: Path) -> Iterator[str | None]:
    """Keep other fetches out of a folder; leave there only windows that one can go on with.

    Args:
        out: folder of the products; made if need be.

    Yields:
        A sentence where the file system knows no locks.

    Raises:
        OutputError: if another process works there, or the disk refuses.
    """
    made = [path for path in (out, *out.parents) if not path.exists()]
    work = out / UNFINISHED
    try:
        with disk_errors(out, advice=ANOTHER_FOLDER):
            work.mkdir(parents=True, exist_ok=True)
        with locked_folder(out, work) as unlocked:
            try:
                yield unlocked
            finally:
                if not (work / WINDOWS).is_dir():
                    shutil.rmtree(work, ignore_errors=True)
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()
