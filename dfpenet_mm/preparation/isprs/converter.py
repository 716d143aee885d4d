"""Conversion of ISPRS's downloads to the folder that ``IsprsDataset`` reads, and its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.files import whole_folder
from dfpenet_mm.preparation.isprs.collections import ERODED, IMAGES, LABELS, IsprsCollection
from dfpenet_mm.preparation.isprs.labels import CLASSES, decode_colours, erode_boundaries
from dfpenet_mm.preparation.isprs.sources import SourceFile, TileFiles, complete_tiles, find_tiles
from dfpenet_mm.preparation.isprs.splits import write_splits
from dfpenet_mm.preparation.isprs.tile_files import Tile, read_tile, write_image, write_labels
from dfpenet_mm.vocabulary import IGNORED, SUMMARY

SPLITS = 'splits'


@dataclass(frozen=True)
class TileReport:
    """One tile.

    Args:
        name: its name.
        split: train or test.
        shape: (rows, cols).
        labels: pixels of each class, last those ignored.
        eroded: likewise of the eroded labels.
        eroded_here: True if ISPRS's eroded ground truth was not found.
        disagreeing: pixels of ISPRS's eroded ground truth that are neither ignored nor of the
            class that the ground truth gives them.
        rounded: True if its colours had to be rounded to the official ones.
    """

    name: str
    split: str
    shape: tuple[int, int]
    labels: tuple[int, ...]
    eroded: tuple[int, ...]
    eroded_here: bool
    disagreeing: int
    rounded: bool


@dataclass(frozen=True)
class IsprsReport:
    """A whole conversion.

    Args:
        title: the data set's name.
        wanted: tiles of the official split.
        seed: of the random patches.
        patch: side of a patch, pixels.
        tiles: those converted.
        windows: windows in each list, by its name.
        sources: what the tiles came from.
    """

    title: str
    wanted: int
    seed: int
    patch: int
    sources: tuple[str, ...]
    tiles: tuple[TileReport, ...]
    windows: Mapping[str, int]

    def lines(self) -> list[str]:
        """Return what a user should see."""
        here = sum(tile.eroded_here for tile in self.tiles)
        lines = [
            f'{self.title}: {len(self.tiles)} of {self.wanted} tiles; eroded ground truth of '
            f'ISPRS for {len(self.tiles) - here}, eroded here for {here}'
        ]
        for split in ('train', 'test'):
            lines += self._split_lines(split)
        lines += [f'{name}: {count} windows' for name, count in self.windows.items()]
        return lines + self._warnings()

    def _split_lines(self, split: str) -> list[str]:
        tiles = [tile for tile in self.tiles if tile.split == split]
        if not tiles:
            return []
        counts = np.sum([tile.labels for tile in tiles], axis=0)
        eroded = np.sum([tile.eroded for tile in tiles], axis=0)
        shares = ', '.join(
            f'{name} {100 * count / counts.sum():.1f} %'
            for name, count in zip(CLASSES, counts, strict=False)
        )
        return [
            f'{split}: {len(tiles)} tiles, {counts.sum()} pixels: {shares}',
            f'{split}: ignored {counts[-1]} pixels of labels and {eroded[-1]} '
            f'({100 * eroded[-1] / eroded.sum():.1f} %) of labels_eroded',
        ]

    def _warnings(self) -> list[str]:
        lines = []
        rounded = [tile.name for tile in self.tiles if tile.rounded]
        if rounded:
            lines.append(f'warning: inexact colours rounded to the nearest of {rounded}')
        wrong = {tile.name: tile.disagreeing for tile in self.tiles if tile.disagreeing}
        if wrong:
            lines.append(f'warning: pixels whose class erosion changed, by tile: {wrong}')
        blank = [tile.name for tile in self.tiles if not tile.eroded[-1]]
        if blank:
            lines.append(f'warning: eroded ground truth without ignored pixels: {blank}')
        return lines


def convert_isprs(
    collection: IsprsCollection,
    sources: Sequence[Path],
    out: Path,
    *,
    seed: int = 0,
    patch: int = 600,
    overwrite: bool = False,
    allow_missing: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> IsprsReport:
    """Write images, labels, eroded labels and lists of windows.

    Args:
        collection: the data set.
        sources: ISPRS's folders or zip files; see ``find_tiles``.
        out: folder to write. It appears when all is complete.
        seed: of the random patches, >= 0.
        patch: side of a patch, pixels.
        overwrite: replace a data set that stands there.
        allow_missing: go on without the tiles that lack an image or ground truth.
        progress: called with the tiles done and their total.

    Returns:
        What was found and written; ``summary.json`` in the folder holds the same.

    Raises:
        InputFileError: if a source or a tile is missing or damaged.
        RasterFormatError: if a file is no image or ground truth as ISPRS publishes it.
        OutputError: if the folder may not be replaced, or the disk refuses.
        ConfigError: if a number is out of its range.
    """
    if seed < 0 or patch < 1:
        raise ConfigError(f'seed is {seed} and patch {patch}; give at least 0 and 1')
    marker = f'{SPLITS}/train.txt'
    with whole_folder(out, overwrite=overwrite, marker=marker) as folder:
        with TemporaryDirectory(dir=folder) as scratch:
            found = find_tiles(sources, collection, scratch=Path(scratch))
            tiles = complete_tiles(found, collection, allow_missing=allow_missing)
            reports = tuple(_convert_tiles(tiles, collection, folder, Path(scratch), progress))
        (folder / SPLITS).mkdir()
        shapes = {tile.name: tile.shape for tile in reports}
        counts = write_splits(folder / SPLITS, collection, shapes, size=patch, seed=seed)
        report = IsprsReport(
            title=collection.title,
            wanted=len(collection.tiles),
            seed=seed,
            patch=patch,
            sources=tuple(map(str, sources)),
            tiles=reports,
            windows=counts,
        )
        summary = json.dumps(asdict(report), indent=2, ensure_ascii=False)
        (folder / SUMMARY).write_text(f'{summary}\n', encoding='utf-8')
    return report


def _convert_tiles(
    tiles: Mapping[str, TileFiles],
    collection: IsprsCollection,
    folder: Path,
    scratch: Path,
    progress: Callable[[int, int], None] | None,
) -> Iterator[TileReport]:
    for kind in (IMAGES, LABELS, ERODED):
        (folder / kind).mkdir()
    for done, (name, files) in enumerate(tiles.items(), start=1):
        with TemporaryDirectory(dir=scratch) as unpacked:
            yield _convert_tile(name, files, collection, folder, Path(unpacked))
        if progress:
            progress(done, len(tiles))


def _convert_tile(
    name: str, files: TileFiles, collection: IsprsCollection, folder: Path, unpacked: Path
) -> TileReport:
    image = _read(files[IMAGES], unpacked / IMAGES)
    rounded = collection.holds(name, collection.inexact)
    labels = _read_labels(files, LABELS, image, unpacked, rounded=rounded)
    here = ERODED not in files
    if here:
        eroded = erode_boundaries(labels)
    else:
        eroded = _read_labels(files, ERODED, image, unpacked, rounded=rounded)
    write_image(folder / IMAGES / f'{name}.tif', image)
    write_labels(folder / LABELS / f'{name}.tif', labels, image)
    write_labels(folder / ERODED / f'{name}.tif', eroded, image)
    return TileReport(
        name=name,
        split='train' if collection.holds(name, collection.train) else 'test',
        shape=labels.shape,
        labels=tuple(_count_labels(labels).tolist()),
        eroded=tuple(_count_labels(eroded).tolist()),
        eroded_here=here,
        disagreeing=int(((eroded != IGNORED) & (eroded != labels)).sum()),
        rounded=rounded,
    )


def _read(file: SourceFile, folder: Path) -> Tile:
    # Images and labels may have one name: each kind is unpacked to a folder of its own.
    folder.mkdir()
    return read_tile(file.on_disk(folder), shown=file.shown)


def _read_labels(
    files: TileFiles, kind: str, image: Tile, unpacked: Path, *, rounded: bool
) -> np.ndarray:
    colours = _read(files[kind], unpacked / kind).pixels
    if colours.shape[:2] != image.pixels.shape[:2]:
        sizes = [' x '.join(map(str, array.shape[:2])) for array in (colours, image.pixels)]
        raise RasterFormatError(
            f'{files[kind].shown} has {sizes[0]} pixels and {files[IMAGES].shown} has '
            f'{sizes[1]}; download both again'
        )
    return decode_colours(colours[..., :3], name=files[kind].shown, rounded=rounded)


def _count_labels(labels: np.ndarray) -> np.ndarray:
    """Count the pixels of each class, and last those ignored; shape (7,)."""
    counts = np.bincount(labels.ravel(), minlength=IGNORED + 1)
    return counts[[*range(len(CLASSES)), IGNORED]]
