"""The files of a run: present before it begins, unchanged while it reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.source_files import (
    AUXILIARY,
    PENDING,
    companions,
    local_file,
    require_file,
    sidecar_checksum,
    source_files,
)


def require_files(files: Mapping[str, Path]) -> None:
    """Raise ``InputFileError`` for the first file, by role, that is missing or is a pipe."""
    for role, path in files.items():
        require_file(path, f'{role} file {path}')


def files_behind(files: Mapping[str, Path]) -> dict[str, list[Path]]:
    """List by role the further files that an image, area, layer or reference depends on.

    Raises:
        InputFileError: if a mosaic is made of itself.
    """
    return {role: source_files(path) for role, path in files.items() if role != 'checkpoint'}


def quantised_input(predictor: Mapping[str, Any]) -> dict[str, Path]:
    """Name the folder of a predictor's quantised network, if it has one, as an input."""
    folder = predictor.get('quantised')
    return {'quantised': Path(folder)} if folder else {}


Signature = tuple[int, int, int] | str | None


class SourceWatch:
    """Remembers files as they were when a run began.

    Blocks of an image that is written anew meanwhile would be of two images, under the checksum
    of one. A file counts as changed with its inode, size or time of modification; asking costs
    microseconds, so it can be done for every block. File systems of a network may tell late.
    Of an ``.aux.xml`` it is what it says that counts, as viewers add statistics at any time.

    Args:
        paths: files with their companions, or folders with all they hold; one that does not
            exist is watched for coming into being.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._signatures: dict[Path, Signature] = {}
        self.add(paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Watch further files; those watched already stay as they were remembered."""
        for path in paths:
            # Of a part of an archive or of a database it is the file that changes.
            for file in _files(local_file(path) or path):
                self._signatures.setdefault(file, _signature(file))

    def check(self) -> None:
        """Refuse to go on with other files than the run began with.

        Raises:
            InputFileError: naming the first that has changed.
        """
        for path, before in self._signatures.items():
            if _signature(path) != before:
                raise InputFileError(
                    f'{path} has changed while it was being read; wait until it is complete, and '
                    f'start the run again'
                )


def _files(path: Path) -> list[Path]:
    return [path, *(path.rglob('*') if path.is_dir() else companions(path))]


def _signature(path: Path) -> Signature:
    if path.name.endswith(AUXILIARY):
        return sidecar_checksum(path)
    try:
        found = path.stat()
    except OSError:
        return None
    if path.name.endswith(PENDING) and not found.st_size:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
