"""The files of a download, in folders and archives, and which tile each belongs to."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp

from dfpenet_mm.datasets.landslide import list_named
from dfpenet_mm.errors import InputFileError
from dfpenet_mm.preparation.isprs.collections import IMAGES, LABELS, IsprsCollection
from dfpenet_mm.preparation.isprs.labels import palette_share
from dfpenet_mm.preparation.isprs.tile_files import read_sample

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


TileFiles = dict[str, SourceFile]


def find_tiles(
    sources: Iterable[Path], collection: IsprsCollection, *, scratch: Path
) -> dict[str, TileFiles]:
    """Find the files of every tile; the first of a kind counts, in the order of the sources.

    Args:
        sources: folders, archives or files.
        collection: what to look for.
        scratch: an existing folder for what has to be unpacked.

    Returns:
        Tile -> kind of file -> file. Tiles come in the collection's order,
        those without any file too.

    Raises:
        InputFileError: if a source is missing or damaged, or holds no file of any tile.
    """
    tiles: dict[str, TileFiles] = {tile: {} for tile in collection.tiles}
    sources = list(sources)
    for file in list_files(sources, scratch=scratch, wanted=collection.recognise):
        recognised = collection.recognise(file.name)
        if recognised is None:
            continue
        tile, kinds = recognised
        if not set(kinds) <= set(tiles[tile]):
            kind = kinds[0] if len(kinds) == 1 else _kind_by_content(file, scratch)
            tiles[tile].setdefault(kind, file)
    if not any(tiles.values()):
        raise InputFileError(
            f'{", ".join(map(str, sources))} hold no file of {collection.title}, such as '
            f'{" or ".join(collection.examples)}; name the folders or zip files downloaded '
            f'from ISPRS'
        )
    return tiles


def complete_tiles(
    tiles: Mapping[str, TileFiles], collection: IsprsCollection, *, allow_missing: bool
) -> dict[str, TileFiles]:
    """Keep the tiles that have an image and ground truth.

    Args:
        tiles: as ``find_tiles`` returns them.
        collection: where they belong.
        allow_missing: keep what there is, if a training tile is complete.

    Raises:
        InputFileError: if a tile of the official split is incomplete and that is not allowed,
            or no training tile is complete.
    """
    lacking = {
        kind: [tile for tile, files in tiles.items() if kind not in files]
        for kind in (IMAGES, LABELS)
    }
    if any(lacking.values()) and not allow_missing:
        gaps = '; '.join(
            f'{len(names)} have no {kind} ({list_named(names)})'
            for kind, names in lacking.items()
            if names
        )
        raise InputFileError(
            f'of the {len(tiles)} tiles of {collection.title} {gaps}; add the archives that hold '
            f'them, the ground truth of all tiles among them, or pass --allow-missing'
        )
    kept = {tile: files for tile, files in tiles.items() if {IMAGES, LABELS} <= set(files)}
    if not any(collection.tile_name(number) in kept for number in collection.train):
        raise InputFileError(
            f'none of the training tiles of {collection.title} has both an image and ground '
            f'truth; add the archives that hold them'
        )
    return kept


def _kind_by_content(file: SourceFile, scratch: Path) -> str:
    with TemporaryDirectory(dir=scratch) as folder:
        colours = read_sample(file.on_disk(Path(folder)), shown=file.shown)
    return LABELS if palette_share(colours) > 0.5 else IMAGES
