"""Files that can be made again, cached under the name of what they were made from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from dfpenet_mm import __version__
from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import file_digest, whole_file

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
    with contextlib.suppress(OSError, OutputError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(folder / f'{name}{SUFFIX}') as part, part.open('wb') as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        _prune(folder)


def _prune(folder: Path) -> None:
    """Remove the files that have not served for longest."""
    files = sorted(folder.glob(f'*{SUFFIX}'), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)


# What rewrites a network before it runs.
HERE = Path(__file__).resolve().parent
REWRITERS = ('openvino_network', 'predictor_openvino', 'predictor_torch', 'probability_network')


def settings_key(network: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Name a network and the way it is used, by all that the result depends on.

    The source of what rewrites networks here, and the versions of Python and this package, are
    part of it.

    Args:
        network: plain values that tell it from every other.
        settings: plain values that the result depends on as well.

    Returns:
        64 hexadecimal digits.
    """
    parts = {
        'network': dict(network),
        'sources': sources_digest(HERE / f'{name}.py' for name in REWRITERS),
        'versions': [__version__, platform.python_version()],
        'settings': dict(settings),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def sources_digest(files: Iterable[Path]) -> str:
    """Return the SHA-256 of files, whatever their order."""
    contents = sorted(file_digest(file) for file in files)
    return hashlib.sha256(''.join(contents).encode()).hexdigest()
