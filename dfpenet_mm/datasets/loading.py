"""Read chips and masks with GDAL: GeoTIFF, PNG, JPEG, any band count and type."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import rasterio
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.files import read_errors
from dfpenet_mm.registry import TRANSFORMS as OWN_TRANSFORMS
from dfpenet_mm.vocabulary import IGNORED
from dfpenet_mm.wording import counted

# The order of three bands in an array, by the custom of OpenCV and mmcv.
BGR = (3, 2, 1)


def read_bands(
    path: str, bands: Sequence[int], window: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """Read bands of a whole chip, or of a window of a tile.

    Args:
        path: a raster GDAL can read; a georeference is not needed.
        bands: band numbers, from 1.
        window: (row, col, height, width), pixels; None reads all.

    Returns:
        Array of the file's type, shape (rows, cols, len(bands)).

    Raises:
        InputFileError: if GDAL cannot read the file.
        RasterFormatError: if it has too few bands, or the window reaches outside of it.
    """
    with _opened(path) as source:
        if max(bands) > source.count:
            raise RasterFormatError(
                f'{path} has {source.count} bands, wanted is band {max(bands)}; '
                f'set bands in the config to those it has'
            )
        pixels = source.read(list(bands), window=_inside(source, window))
    return np.moveaxis(pixels, 0, -1)


def _read_mask(path: str, window: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """Read a mask's one band, or any of several equal ones, which image editors make of grey."""
    with _opened(path) as source:
        values = source.read(window=_inside(source, window))
    if not (values == values[:1]).all():
        raise RasterFormatError(
            f'{path} has {len(values)} bands that differ, and a mask is one band of class '
            f'values; write the classes to a single band'
        )
    return values[0]


@contextmanager
def _opened(path: str) -> Iterator[DatasetReader]:
    advice = 'replace it or take it out of the data set'
    with (
        read_errors(path, how='cannot be read as an image', advice=advice),
        warnings.catch_warnings(action='ignore', category=NotGeoreferencedWarning),
        rasterio.open(path) as source,
    ):
        yield source


def _inside(source: DatasetReader, window: tuple[int, int, int, int] | None) -> Window | None:
    """Return GDAL's form of a window; what lies outside of the raster it would silently cut."""
    if window is None:
        return None
    row, col, height, width = window
    if min(row, col) < 0 or row + height > source.height or col + width > source.width:
        raise RasterFormatError(
            f'{source.name} has {source.height} x {source.width} pixels, and the window of '
            f'{height} x {width} at row {row}, column {col} reaches outside; prepare the data '
            f'set again, or mend its list of windows'
        )
    return Window(col, row, width, height)


def _bands_of_array(array: np.ndarray, bands: Sequence[int]) -> np.ndarray:
    """Choose bands of an image that is in memory, as mmsegmentation's users hand it over.

    Three bands are blue, green, red, as ``mmcv.imread`` gives them; of any other number the
    order is the file's.
    """
    if array.ndim not in (2, 3):
        raise RasterFormatError(
            f'an array of shape {array.shape} is no image; give (rows, cols, bands)'
        )
    pixels = array[..., None] if array.ndim == 2 else array
    if max(bands) > pixels.shape[-1]:
        raise RasterFormatError(
            f'an array of shape {array.shape} has {counted(pixels.shape[-1], "band")}, wanted is '
            f'band {max(bands)}; give (rows, cols, bands) with as many as the network takes'
        )
    in_file_order = pixels[..., ::-1] if pixels.shape[-1] == len(BGR) else pixels
    return in_file_order[..., [band - 1 for band in bands]]


def _once(
    kept: dict[str, np.ndarray] | None,
    path: str,
    window: tuple[int, int, int, int] | None,
    read: Callable[[], np.ndarray],
) -> np.ndarray:
    """Read what is not kept yet, and give a copy of what is, which may be written to."""
    if kept is None:
        return read()
    key = f'{path} {window}'
    if key not in kept:
        kept[key] = read()
    return kept[key].copy()


@OWN_TRANSFORMS.register_module(name=['LoadImageFromFile', 'LoadImageFromNDArray'])
@TRANSFORMS.register_module()
class LoadRasterImage(BaseTransform):
    """Read ``img_path`` into ``img``, shape (rows, cols, bands), bands in the order asked.

    Where the data set gives a ``window``, (row, col, height, width), only that is read.
    8-bit images stay 8-bit, others become float32. Unlike mmcv's loader the order is the
    file's own (RGB), so the data preprocessor must not swap channels. An ``img`` that is there
    already is taken as mmsegmentation's API hands it over: three bands are blue, green, red.

    ``LoadImageFromFile`` with ``_scope_='dfpenet_mm'`` is the same under the name that mmseg's
    ``MMSegInferencer`` looks for.

    Args:
        bands: band numbers, from 1.
        keep: True keeps every image in memory once it is read, in each worker: for data sets that
            fit, of which crops much smaller than the images are taken.
    """

    def __init__(self, bands: Sequence[int] = (1, 2, 3), *, keep: bool = False) -> None:
        self.bands = tuple(bands)
        self._kept: dict[str, np.ndarray] | None = {} if keep else None

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape``."""
        if results.get('img') is None:
            path, window = results['img_path'], results.get('window')
            image = _once(self._kept, path, window, lambda: read_bands(path, self.bands, window))
        else:
            image = _bands_of_array(results['img'], self.bands)
            results.setdefault('img_path', None)
        if image.dtype != np.uint8:
            image = image.astype(np.float32)
        results['img'] = np.ascontiguousarray(image)
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(bands={self.bands})'


@OWN_TRANSFORMS.register_module(name='LoadAnnotations')
@TRANSFORMS.register_module()
class LoadRasterMask(BaseTransform):
    """Read ``seg_map_path`` into ``gt_seg_map``, its values mapped to classes.

    Where the data set gives a ``window``, (row, col, height, width), only that is read. Where
    it gives ``seen``, (rows, cols), so many leading rows and columns become 255: another window
    holds them, and no pixel must be scored twice.

    ``LoadAnnotations`` with ``_scope_='dfpenet_mm'`` is the same under the name that mmseg's API
    looks for, which leaves it out.

    Args:
        value_map: class of every value that may occur in the file; 255 is ignored by
            losses and metrics. Keys may be strings, as JSON and the command line give them.
        keep: True keeps every mask in memory, as ``LoadRasterImage`` does.

    Raises:
        RasterFormatError: if the file holds a value that the map lacks, or bands that differ.
    """

    def __init__(self, value_map: Mapping[int | str, int], *, keep: bool = False) -> None:
        self.value_map = {int(value): int(label) for value, label in value_map.items()}
        self._kept: dict[str, np.ndarray] | None = {} if keep else None

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` (uint8) and name it in ``seg_fields``."""
        path, window = results['seg_map_path'], results.get('window')
        labels = _once(self._kept, path, window, lambda: self._labels(path, window))
        seen_rows, seen_cols = results.get('seen', (0, 0))
        labels[:seen_rows] = labels[:, :seen_cols] = IGNORED
        results['gt_seg_map'] = labels
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def _labels(self, path: str, window: tuple[int, int, int, int] | None) -> np.ndarray:
        values = _read_mask(path, window)
        labels = np.zeros(values.shape, np.uint8)
        known = np.zeros(values.shape, bool)
        for value, label in self.value_map.items():
            hit = values == value
            labels[hit] = label
            known |= hit
        if not known.all():
            strangers = np.unique(values[~known])[:5].tolist()
            raise RasterFormatError(
                f'{path} holds the values {strangers}, wanted are {sorted(self.value_map)}; '
                f'add them to value_map in the config (255 ignores them)'
            )
        return labels

    def __repr__(self) -> str:
        return f'{type(self).__name__}(value_map={self.value_map})'
