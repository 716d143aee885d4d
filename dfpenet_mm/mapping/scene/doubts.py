"""Doubts about an image before it is mapped: loss, a false name, an undeclared fill value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.ndimage import binary_dilation, find_objects, label

if TYPE_CHECKING:
    from dfpenet_mm.mapping.scene.scene import Scene

GEOTIFF = ('GTiff', 'COG')
LOSSY = ('JPEG', 'YCbCr JPEG', 'WEBP', 'JXL', 'ECW', 'MrSID')
FORMATS = {'JP2OpenJPEG': 'JPEG2000'}
# Windows a side, and pixels of a side of one, by which a large scene is looked at.
WINDOWS, WINDOW = 8, 128
# What nobody measures is suspicious on a thousandth of the scene: a percentile may hang on it.
SENTINELS = (-9999, -99999, -999, -32768, -32767, -2147483648)
SENTINEL_SHARE = 0.001
# Any other value is suspicious if it is the lowest or highest one and fills so much of what a
# percentile of the brightness falls on it, in all bands at once, mostly in pieces so long, such
# as borders and stripes, and ends abruptly: the pixels beside it are at least this share of the
# usual distance away. Clouds and sea that a stretch has clipped fade out.
FILL_SHARE = 0.01
MOSTLY, LONG = 0.8, 32
ABRUPT = 0.3


def doubt_format(dataset: DatasetReader) -> Iterator[str]:
    """Yield a sentence on a file that is not what it is called, and on one that lost something.

    Args:
        dataset: the open image.
    """
    name, driver = Path(dataset.name).name, dataset.driver
    if name.lower().endswith(('.tif', '.tiff')) and driver not in GEOTIFF:
        yield (
            f"{name} is called a GeoTIFF and is a file of GDAL's driver {driver}; programs that "
            f'keep the format of their input make such files: convert the original with '
            f'gdal_translate -of GTiff'
        )
    structure = dataset.tags(ns='IMAGE_STRUCTURE')
    how = structure.get('COMPRESSION', FORMATS.get(driver, driver))
    reversible = structure.get('COMPRESSION_REVERSIBILITY', '')
    lossy = how in LOSSY
    if reversible.startswith('LOSSY') or (lossy and not reversible.startswith('LOSSLESS')):
        yield (
            f'{name} was compressed with loss ({how}): its values '
            f'are near the measured ones, and along its edges nodata may have become values; map '
            f'the original if you can'
        )


def doubt_fill(scene: Scene) -> str | None:
    """Return a warning where one value seems to stand for missing data, and nothing declares it.

    Large scenes are looked at in windows all over them, edges included; only what is suspicious
    there is counted in a second reading.

    Args:
        scene: the open scene.

    Raises:
        InputFileError: if the file is damaged.
        RasterFormatError: if it holds values that nothing measures.
    """
    sample = [scene.read_raw(window) for window in _windows(scene)]
    values = [bands[:, valid] for bands, valid in sample if valid.any()]
    if not values:
        return None
    limits = [end(part, axis=1) for part in values for end in (np.min, np.max)]
    lowest, highest = np.min(limits, axis=0), np.max(limits, axis=0)
    for value in np.unique([lowest, highest]):
        sentinel = scene.dtype.kind in 'if' and float(value) in SENTINELS
        holds = np.any if sentinel else np.all
        least = SENTINEL_SHARE if sentinel else FILL_SHARE
        filled = [valid & holds(bands == value, axis=0) for bands, valid in sample]
        if _count(filled) < least * _count([valid for _, valid in sample]):
            continue
        if sentinel or _stands_alone(sample, filled, value):
            share, everywhere = _share(scene, value, holds)
            if share >= least:
                text = str(value).removesuffix('.0')
                return (
                    f'{share:.1%} of {scene.path.name} is {text} in '
                    f'{"all" if everywhere else "some"} bands, and nothing declares that value as '
                    f'nodata; if it marks where there is no image, say so with --nodata={text}, '
                    f'as otherwise it is taken for ground and spoils the brightness of the rest'
                )
    return None


def _windows(scene: Scene) -> Iterator[Window]:
    """Cover a small scene, or lay windows evenly over a large one, from edge to edge."""
    for row, height in _pieces(scene.shape[0]):
        for col, width in _pieces(scene.shape[1]):
            yield Window(col, row, width, height)


def _pieces(side: int) -> list[tuple[int, int]]:
    if side <= WINDOWS * WINDOW:
        return [(start, min(WINDOW, side - start)) for start in range(0, side, WINDOW)]
    return [(int(start), WINDOW) for start in np.linspace(0, side - WINDOW, WINDOWS)]


def _share(scene: Scene, value: np.generic, holds: Callable[..., np.ndarray]) -> tuple[float, bool]:
    """Count a value in the whole scene: its share of the valid pixels, and if in all bands."""
    pixels = filled = whole = 0
    for window in scene.tiles():
        bands, valid = scene.read_raw(window)
        pixels += int(np.count_nonzero(valid))
        filled += int(np.count_nonzero(valid & holds(bands == value, axis=0)))
        whole += int(np.count_nonzero(valid & (bands == value).all(axis=0)))
    return filled / pixels, filled == whole


def _stands_alone(
    sample: Sequence[tuple[np.ndarray, np.ndarray]],
    filled: Sequence[np.ndarray],
    value: np.generic,
) -> bool:
    """Tell whether a value fills whole areas or stripes that end abruptly."""
    if _count(map(_in_long_pieces, filled)) < MOSTLY * _count(filled):
        return False
    far: list[np.ndarray] = []
    near: list[np.ndarray] = []
    for (bands, valid), part in zip(sample, filled, strict=True):
        distance = np.abs(bands.astype(np.float64) - float(value)).mean(axis=0)
        far.append(distance[valid & ~part])
        near.append(distance[valid & ~part & binary_dilation(part)])
    rest, beside = np.concatenate(far), np.concatenate(near)
    if not beside.size:
        return bool(rest.size)
    return bool(np.median(beside) >= ABRUPT * np.median(rest))


def _in_long_pieces(filled: np.ndarray) -> np.ndarray:
    pieces, _ = label(filled, structure=np.ones((3, 3)))
    sides = [max(part.stop - part.start for part in place) for place in find_objects(pieces)]
    return filled & np.array([False, *(side >= LONG for side in sides)])[pieces]


def _count(parts: Iterable[np.ndarray]) -> int:
    return sum(map(np.count_nonzero, parts))
