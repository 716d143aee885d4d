"""One image and its mask: readable, alike, with bands and values that a config expects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import rasterio
from PIL import Image, UnidentifiedImageError
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import brief
from dfpenet_mm.wording import counted

LABELS = 256
# What mmcv's own loader, which cv2 stands behind, makes of any image.
CV2_BANDS = 3
# Rows read at once, so that a tile of any size is streamed.
STRIP = 1024
# Values that an error names of those it did not expect.
NAMED_VALUES = 5
# The EXIF and TIFF tag that says how a viewer has to turn an image, and its value for "not".
ORIENTATION, UPRIGHT = 274, 1


@dataclass(frozen=True)
class Reading:
    """The way in which the pipeline of a data set reads a sample.

    Args:
        bands: bands read, from 1; None where mmcv's own loader reads three of whatever there is.
        value_map: pairs of mask value and class; values not named must not occur.
        grey_masks: True if a mask may have several equal bands, as ``LoadRasterMask`` allows.
    """

    bands: tuple[int, ...] | None
    value_map: tuple[tuple[int, int], ...]
    grey_masks: bool

    @property
    def band_count(self) -> int:
        """Bands that enter the network."""
        return CV2_BANDS if self.bands is None else len(self.bands)


@dataclass(frozen=True)
class SampleFiles:
    """An image and its mask.

    Args:
        image: path.
        mask: path; None without labels.
        reading: the way in which they are read.
        reach: rows and columns that the windows in it need at least.
    """

    image: str
    mask: str | None
    reading: Reading
    reach: tuple[int, int]


@dataclass(frozen=True)
class FileFinding:
    """The contents of one image and its mask, or what makes them useless.

    Args:
        fault: a clause that names the file and what makes it useless; None if both serve.
        counts: pixels of each label, shape (256,), int64; 255 counts the ignored ones.
        dtype: type of the image's values.
        reach: smallest and largest value of the bands that are read.
    """

    fault: str | None = None
    counts: np.ndarray = field(default_factory=lambda: np.zeros(LABELS, np.int64))
    dtype: str = ''
    reach: tuple[float, float] = (np.inf, -np.inf)


class _FaultError(Exception):
    """A file that does not serve; its text is the finding."""


def check_files(files: SampleFiles) -> FileFinding:
    """Read an image and its mask from end to end.

    Args:
        files: what a data set reads of them.

    Returns:
        The finding; a fault is returned and not raised, so that all can be told at once.
    """
    try:
        # Damage inside of a JPEG is but a warning to GDAL, and noise to a network.
        with rasterio.Env(GDAL_ERROR_ON_LIBJPEG_WARNING=True):
            shape, dtype, reach = _check_image(files)
            if files.mask is None:
                return FileFinding(dtype=dtype, reach=reach)
            _require_turned_alike(files.image, files.mask)
            counts = _count_labels(files, files.mask, shape)
            return FileFinding(counts=counts, dtype=dtype, reach=reach)
    except _FaultError as fault:
        return FileFinding(fault=str(fault))


def _check_image(files: SampleFiles) -> tuple[tuple[int, int], str, tuple[float, float]]:
    low, high = np.inf, -np.inf
    with _open(files.image) as source:
        bands = files.reading.bands or tuple(source.indexes)
        if max(bands) > source.count:
            raise _FaultError(
                f'{files.image} has {counted(source.count, "band")} and the config reads '
                f'{list(bands)}'
            )
        if min(np.subtract(source.shape, files.reach)) < 0:
            raise _FaultError(
                f'{files.image} has {_size(source.shape)} pixels and a window of the data set '
                f'reaches to row {files.reach[0]}, column {files.reach[1]}'
            )
        for values in _strips(source, bands):
            if values.dtype.kind in 'fc' and not np.isfinite(values).all():
                raise _FaultError(f'{files.image} holds values that are not finite')
            low, high = min(low, float(values.min())), max(high, float(values.max()))
        return source.shape, source.dtypes[bands[0] - 1], (low, high)


def _require_turned_alike(image: str, mask: str) -> None:
    """Refuse a mask that was drawn on an image as viewers turn it, which training does not."""
    turned = _orientation(image)
    if turned != _orientation(mask):
        raise _FaultError(
            f'{image} has the EXIF orientation {turned}, by which viewers turn it, and its mask '
            f'another or none, so that the two may not lie on each other (store the image upright '
            f'and without that tag, for example with mogrify -auto-orient, and see that its mask '
            f'fits)'
        )


def _orientation(path: str) -> int:
    try:
        with Image.open(path) as picture:
            return int(picture.getexif().get(ORIENTATION, UPRIGHT))
    # What Pillow does not know, or finds too large, carries no photograph's tags.
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, TypeError):
        return UPRIGHT


def _count_labels(files: SampleFiles, mask: str, shape: tuple[int, int]) -> np.ndarray:
    known = {float(value): label for value, label in files.reading.value_map}
    counts, strangers = np.zeros(LABELS, np.int64), set()
    with _open(mask) as source:
        if source.shape != shape:
            raise _FaultError(
                f'{mask} has {_size(source.shape)} pixels and its image {_size(shape)}'
            )
        for bands in _strips(source, source.indexes):
            values = _only_band(mask, bands, grey=files.reading.grey_masks)
            for value, number in _value_counts(values):
                if value in known:
                    counts[known[value]] += number
                else:
                    strangers.add(value)
    if strangers:
        raise _FaultError(
            f'{mask} holds the values {_first_values(strangers)} and the config knows '
            f'[{_first_values(known)}]'
        )
    return counts


def _value_counts(values: np.ndarray) -> Iterator[tuple[float, int]]:
    if values.dtype == np.uint8:
        counts = np.bincount(values.ravel(), minlength=LABELS)
        found = np.flatnonzero(counts)
        return zip(found.tolist(), counts[found].tolist(), strict=True)
    found, counts = np.unique(values, return_counts=True)
    return zip(found.tolist(), counts.tolist(), strict=True)


def _first_values(values: Collection[float]) -> str:
    more = ', ...' if len(values) > NAMED_VALUES else ''
    return ', '.join(f'{value:g}' for value in sorted(values)[:NAMED_VALUES]) + more


def _only_band(mask: str, bands: np.ndarray, *, grey: bool) -> np.ndarray:
    """Return the one band of a mask; of colours that are grey any, if the loader does so too."""
    if len(bands) > 1 and not (grey and (bands == bands[:1]).all()):
        differ = ' that differ' if grey else ''
        raise _FaultError(
            f'{mask} has {len(bands)} bands{differ} and a mask is one band of class values'
        )
    return bands[0]


def _open(path: str) -> DatasetReader:
    try:
        return rasterio.open(path)
    except RasterioError as error:
        raise _FaultError(f'{path} cannot be read ({brief(error)})') from error


def _strips(source: DatasetReader, bands: Sequence[int]) -> Iterator[np.ndarray]:
    for row in range(0, source.height, STRIP):
        window = Window(0, row, source.width, min(STRIP, source.height - row))
        try:
            yield source.read(bands, window=window)
        except RasterioError as error:
            fault = f'{source.name} cannot be read to its end ({brief(error)})'
            raise _FaultError(fault) from error


def _size(shape: tuple[int, int]) -> str:
    return f'{shape[0]} x {shape[1]}'
