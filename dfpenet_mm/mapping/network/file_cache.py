"""Files that can be made again, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

# Names the folder instead of the platform's own; empty for no cache.
FOLDER_VARIABLE = 'DFPENET_MM_CACHE'
# A ResNet-101 takes a quarter of a gigabyte.
MOST_FILES = 8
SUFFIX = '.cache'


def cache_folder() -> Path | None:
    """Return the folder; None where the user wants no cache."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen is None:
        return user_cache_path('dfpenet_mm', appauthor=False)
    return Path(chosen).expanduser() if chosen else None


def read_cached(name: str) -> bytes | None:
    """Read what was kept under a name.

    Args:
        name: as given to ``write_cached``.

    Returns:
        The content; None if there is none, or it is not what was written.
    """
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f'{name}{SUFFIX}'
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    digest, content = stored[:size], stored[size:]
    if hashlib.sha256(content).digest() != digest:
        return None
    with contextlib.suppress(OSError):
        # The oldest go first, counted from when they last served.
        path.touch()
    return content


def write_cached(name: str, content: bytes) -> None:
    """Keep content under a name; several processes may do so at once.

    It is written beside and renamed, with its checksum in front. A disk that refuses is
    passed over: what is kept here can be made again.

    Args:
        name: of letters, digits, dots and hyphens, telling what the content was made from.
        content: any bytes.
    """
    folder = cache_folder()
    if folder is None:
        return
    part = None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, part = tempfile.mkstemp(dir=folder, suffix='.part')
        with os.fdopen(handle, 'wb') as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        Path(part).replace(folder / f'{name}{SUFFIX}')
        _prune(folder)
    except OSError:
        if part:
            with contextlib.suppress(OSError):
                Path(part).unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    """Remove the files that have not served for longest."""
    files = sorted(folder.glob(f'*{SUFFIX}'), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)
