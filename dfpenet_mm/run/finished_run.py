"""The folder of a finished run, known by its files before any library that reads them is loaded."""

from __future__ import annotations

from pathlib import Path

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.run.folder import MOVING
from dfpenet_mm.source_files import require_folder
from dfpenet_mm.vocabulary import SUMMARY


def require_run_folder(folder: Path, *names: str) -> None:
    """Refuse a folder that no run has filled.

    Args:
        folder: as given.
        *names: files that it must hold besides the summary.

    Raises:
        InputFileError: if it is no folder, or lacks a file.
    """
    require_folder(folder, 'give that of a finished run')
    if (folder / MOVING).is_dir():
        return  # products on their way to their names, which whoever opens the run completes
    for name in (SUMMARY, *names):
        if not (folder / name).is_file():
            raise InputFileError(
                f'{folder} holds no {name}, so it is no folder of a finished run; give the folder '
                f'that landslide-map wrote'
            )
