"""Doubts about an image before it is mapped: loss, a false name, an undeclared fill value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.ndimage import binary_dilation

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
# Any other value is suspicious if it is the lowest or highest one, fills so much of the scene in
# all bands at once, mostly in one piece, and ends abruptly: the pixels beside it are at least
# this share of the usual distance away. Clouds and sea that a stretch has clipped fade out.
FILL_SHARE = 0.05
IN_ONE_PIECE = 0.8
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

    Large scenes are looked at in windows all over them, so that no second reading is needed.

    Args:
        scene: the open scene.

    Raises:
        InputFileError: if the file is damaged.
        RasterFormatError: if it holds values that nothing measures.
    """
    sample = [scene.read(window) for window in _windows(scene)]
    values = [bands[:, valid] for bands, valid in sample if valid.any()]
    if not values:
        return None
    pixels = sum(valid.size for _, valid in sample)
    for value in (min(map(np.min, values)), max(map(np.max, values))):
        filled = [valid & (bands == value).all(axis=0) for bands, valid in sample]
        share = _count(filled) / pixels
        if scene.dtype.kind in 'if' and float(value) in SENTINELS:
            doubtful = share >= SENTINEL_SHARE
        else:
            doubtful = share >= FILL_SHARE and _stands_alone(sample, filled, value)
        if doubtful:
            return (
                f'{share:.1%} of {scene.path.name} is {value:.10g} in all bands, and nothing '
                f'declares that value as nodata; if it marks where there is no image, map again '
                f'with --nodata {value:.10g}, as otherwise it is taken for ground and spoils the '
                f'brightness of the rest'
            )
    return None


def _windows(scene: Scene) -> Iterator[Window]:
    """Cover a small scene, or lay windows evenly over a large one."""
    for row, height in _pieces(scene.shape[0]):
        for col, width in _pieces(scene.shape[1]):
            yield Window(col, row, width, height)


def _pieces(side: int) -> list[tuple[int, int]]:
    if side <= WINDOWS * WINDOW:
        return [(start, min(WINDOW, side - start)) for start in range(0, side, WINDOW)]
    step = side / WINDOWS
    return [(int((number + 0.5) * step - WINDOW / 2), WINDOW) for number in range(WINDOWS)]


def _stands_alone(
    sample: Sequence[tuple[np.ndarray, np.ndarray]], filled: Sequence[np.ndarray], value: float
) -> bool:
    """Tell whether a value fills whole areas that end abruptly."""
    inner = [part[1:-1, 1:-1] for part in filled]
    whole = [
        part[1:-1, 1:-1] & part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
        for part in filled
    ]
    if _count(whole) < IN_ONE_PIECE * _count(inner):
        return False
    rest, beside = [], []
    for (bands, valid), part in zip(sample, filled, strict=True):
        distance = np.abs(bands - value).mean(axis=0)
        rest.append(distance[valid & ~part])
        beside.append(distance[valid & ~part & binary_dilation(part)])
    rest, beside = np.concatenate(rest), np.concatenate(beside)
    if not beside.size:
        return bool(rest.size)
    return np.median(beside) >= ABRUPT * np.median(rest)


def _count(parts: Sequence[np.ndarray]) -> int:
    return sum(map(np.count_nonzero, parts))
