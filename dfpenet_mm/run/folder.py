"""The output folder of a run: checked before, and filled when the run is complete."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors, flush_to_disk
from dfpenet_mm.folder_lock import refuse_held
from dfpenet_mm.run.work_folder import (
    WORK_FOLDER,
    WorkFolder,
    check_unfinished,
    open_work_folder,
)
from dfpenet_mm.source_files import local_file
from dfpenet_mm.vocabulary import SUMMARY

PUBLISHING = 'publishing.json'
# A finished set of products on its way to its names: whoever finds it completes the way.
MOVING = '.finishing'
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
        OutputError: if it is a file, cannot be written to, another run works there, or it holds
            anything but unfinished work that may be continued or thrown away, or an input, which a
            product might replace.
    """
    with disk_errors(folder, advice=ANOTHER_FOLDER):
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
    _require_writable(folder)
    refuse_held(folder, folder / WORK_FOLDER)
    check_unfinished(folder, overwrite=overwrite, resume=resume)
    _check_vacant(folder, overwrite=overwrite)


def _require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, hours before a product would be."""
    with disk_errors(folder, advice=ANOTHER_FOLDER):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


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
        with disk_errors(folder, advice=ANOTHER_FOLDER):
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
        # The blocks go when the products are in place.
        flush_to_disk(staging / name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(folder / name)


def complete_finish(folder: Path) -> None:
    """Move a finished set of products to their names, also after whoever began it was killed.

    Raises:
        OutputError: if the disk refuses; a further call goes on.
    """
    moving = folder / MOVING
    if not moving.is_dir():
        return
    with disk_errors(folder):
        # The summary last: it names the others.
        for name in sorted(product_names(moving), key=lambda name: (name == SUMMARY, name)):
            for suffix in SIDECARS:
                (folder / f'{name}{suffix}').unlink(missing_ok=True)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(moving / name, folder / name)
        shutil.rmtree(moving)


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
