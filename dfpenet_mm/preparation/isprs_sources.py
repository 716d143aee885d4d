"""Find the files of tiles in folders and archives as ISPRS hands them out."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from dfpenet_mm.errors import InputFileError

ARCHIVE = '.zip'
WORLD_FILE = '.tfw'
# An archive in an archive is as deep as ISPRS goes.
DEEPEST = 2
ENCRYPTED = 0x1
DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError)


@dataclass(frozen=True)
class SourceFile:
    """A file on disk, or in an archive.

    Args:
        path: the file or the archive.
        shown: how errors and reports name it.
        member: its name in the archive; None for a file on disk.
    """

    path: Path
    shown: str
    member: str | None = None

    @property
    def name(self) -> str:
        """File name without folders."""
        return self.path.name if self.member is None else PurePosixPath(self.member).name

    def on_disk(self, folder: Path) -> Path:
        """Return a path that GDAL can open, unpacking to ``folder`` if need be.

        A world file beside it comes along.

        Raises:
            InputFileError: if the archive is damaged or encrypted.
        """
        if self.member is None:
            return self.path
        # Damage shows only here: a member's checksum is tested when it is read.
        with _opened(self.path, self.shown) as archive:
            world = str(PurePosixPath(self.member).with_suffix(WORLD_FILE))
            names = [self.member, *({world} & set(archive.namelist()))]
            for name in names:
                _unpack(archive, name, folder / PurePosixPath(name).name)
        return folder / self.name


def list_files(
    sources: Iterable[Path], *, scratch: Path, wanted: Callable[[str], object]
) -> Iterator[SourceFile]:
    """List the wanted files of folders and archives, sorted within each source.

    Args:
        sources: folders, whose subfolders and archives are searched too, archives, or files.
        scratch: where archives inside of archives are unpacked to; those that hold wanted
            files stay there.
        wanted: takes a file name without folders and tells whether to list the file.

    Raises:
        InputFileError: if a source is missing, or an archive damaged or encrypted.
    """
    for source in sources:
        if not source.exists():
            raise InputFileError(
                f'{source} does not exist; name the folders or zip files downloaded from ISPRS'
            )
        paths = sorted(source.rglob('*')) if source.is_dir() else [source]
        for path in paths:
            if path.suffix.lower() == ARCHIVE:
                yield from _list_archive(path, str(path), scratch, wanted, DEEPEST)
            elif path.is_file() and wanted(path.name):
                yield SourceFile(path, str(path))


def _list_archive(
    path: Path, shown: str, scratch: Path, wanted: Callable[[str], object], depth: int
) -> list[SourceFile]:
    """List an archive and the archives in it, to a depth."""
    files = []
    with _opened(path, shown) as archive:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            inside = f'{shown}/{info.filename}'
            is_archive = info.filename.lower().endswith(ARCHIVE)
            file = SourceFile(path, inside, info.filename)
            if (is_archive or wanted(file.name)) and info.flag_bits & ENCRYPTED:
                raise InputFileError(f'{inside} is encrypted; unpack it and name its folder')
            if is_archive and depth > 1:
                copy = Path(mkdtemp(dir=scratch)) / 'inner.zip'
                _unpack(archive, info.filename, copy)
                inner = _list_archive(copy, inside, scratch, wanted, depth - 1)
                files += inner
                if not inner:
                    shutil.rmtree(copy.parent)
            elif not info.is_dir() and wanted(file.name):
                files.append(file)
    return files


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGE, OSError) as error:
        raise _unreadable(shown, error) from error
    # An OSError in here may as well be a full disk, which is not the archive's fault.
    try:
        with archive:
            yield archive
    except DAMAGE as error:
        raise _unreadable(shown, error) from error


def _unreadable(shown: str, error: Exception) -> InputFileError:
    return InputFileError(
        f'{shown} cannot be read as a zip file ({error}); download it again, or unpack it and '
        f'name its folder'
    )


def _unpack(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    with archive.open(name) as packed, target.open('wb') as unpacked:
        shutil.copyfileobj(packed, unpacked, 1 << 20)
