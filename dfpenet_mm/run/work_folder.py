"""The unfinished work of a run: out of sight in its output folder, locked, and kept to resume."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.folder_lock import HOLDER, LOCK, locked_folder
from dfpenet_mm.wording import agreeing, counted

# Inside of the output folder, so that moving the products is renaming.
WORK_FOLDER = '.unfinished'
PRODUCTS, RECORD = 'products', 'run.json'


@dataclass(frozen=True)
class WorkFolder:
    """Place where one run works, and no other one at the same time.

    Args:
        path: the folder.
        unlocked: a sentence where its file system knows no locks, so that nothing keeps another
            run away.
    """

    path: Path
    unlocked: str | None = None

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
            elif path.name not in (LOCK, HOLDER):
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
        with disk_errors(folder, advice=ANOTHER_FOLDER):
            _make_room(work.path, overwrite=overwrite and not resume)
            work.path.mkdir(parents=True, exist_ok=True)
        with locked_folder(folder, work.path) as unlocked:
            work = WorkFolder(work.path, unlocked)
            try:
                check_unfinished(folder, overwrite=overwrite, resume=resume)
                with disk_errors(folder, advice=ANOTHER_FOLDER):
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
def resume_hint(folder: Path, *, resume: bool) -> Iterator[None]:
    """Note on whatever ends a run which blocks it leaves behind."""
    before = finished_blocks(folder)
    try:
        yield
    except BaseException as error:
        kept = finished_blocks(folder)
        stopped = not isinstance(error, Exception)
        if kept > before or (kept and resume and stopped):
            error.add_note(
                f'{counted(kept, "finished block")} {agreeing(kept, "is", "are")} kept in '
                f'{folder}: continue with --resume'
            )
        raise
