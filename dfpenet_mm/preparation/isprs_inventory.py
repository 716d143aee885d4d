"""Which file of the sources is which tile's image, ground truth or eroded ground truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.preparation.isprs_collections import IMAGES, LABELS, IsprsCollection
from dfpenet_mm.preparation.isprs_colours import palette_share
from dfpenet_mm.preparation.isprs_rasters import read_sample
from dfpenet_mm.preparation.isprs_sources import SourceFile, list_files

TileFiles = dict[str, SourceFile]
# Tiles that an error names.
NAMED = 5


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
        tile, kinds = collection.recognise(file.name)
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
            f'{len(names)} have no {kind} ({_listed(names)})'
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


def _listed(names: list[str]) -> str:
    shown = ', '.join(names[:NAMED])
    return shown if len(names) <= NAMED else f'{shown} and {len(names) - NAMED} more'
