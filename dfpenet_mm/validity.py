"""One rule of valid pixels for every raster: nodata values, masks, transparency, NaN.

Scene, pre-event image, layers, DEM, training chips and the pictures of a report all ask here. A
pixel is valid, in all bands that are used together, unless

- one of them is NaN or infinite there;
- one of them holds a value that it declares as nodata and that is never measured, such as
  -9999: any number but 0 in a signed or floating-point type;
- all of those that declare 0, or any value of an unsigned type, hold theirs: 0 in a single
  band is shadow or water, 255 is snow, and both are data;
- a mask of one of them, in the file or beside it, hides it;
- the transparency band, where there is one that is not used as data, is 0 there.

A value that is called nodata by hand counts as if every used band declared it too.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NodataShadowWarning
from rasterio.io import DatasetReader

from dfpenet_mm.source_files import gdal_name

# Settings that people make for rasters in the cloud. Under others GDAL overlooks a mask or a
# nodata value that lies beside the file, or takes what it cannot read for zeros.
READ_SETTINGS = {
    'GDAL_DISABLE_READDIR_ON_OPEN': 'FALSE',
    'GDAL_PAM_ENABLED': 'YES',
    'GTIFF_IGNORE_READ_ERRORS': 'NO',
}
# Whole numbers beyond this one are not told apart by the float in which rasterio gives them.
EXACT = 2**53

Pair = tuple[int, float]


def open_unhidden(path: str | Path) -> DatasetReader:
    """Open a raster so that no setting of the environment hides its masks and sidecars.

    Raises:
        rasterio.errors.RasterioError: if GDAL cannot read it.
    """
    with rasterio.Env(**READ_SETTINGS):
        return rasterio.open(gdal_name(path))


def one_band_spoils(dtype: str, nodata: float | None) -> bool:
    """Tell whether the nodata value in one band makes the whole pixel nodata.

    Args:
        dtype: the raster's data type.
        nodata: its nodata value.

    Returns:
        True if one band suffices.
    """
    return bool(nodata) and np.dtype(dtype).kind != 'u'


def held_value(dtype: str, value: float | None) -> float | None:
    """Return a nodata value as a band of that type holds it.

    Args:
        dtype: the band's type.
        value: any number, or None.

    Returns:
        What a pixel of the band is compared with; None if no pixel can hold the value, or if it
        is not finite, which is nodata anyway.
    """
    kind = np.dtype(dtype)
    if value is None or not np.isfinite(value) or kind.kind not in 'iuf':
        return None
    if kind.kind in 'iu':
        limits = np.iinfo(kind)
        whole = float(value).is_integer() and limits.min <= int(value) <= limits.max
        return int(value) if whole else None
    with np.errstate(over='ignore'):
        held = float(kind.type(value))
    return held if np.isfinite(held) else None


@dataclass(frozen=True)
class ValidityRule:
    """The marks by which one dataset says where it has data; the module says what counts.

    Args:
        bands: the bands used, from 1.
        spoilers: (band, value) that make a pixel nodata alone.
        together: groups of (band, value) that do so where all of a group hold.
        masks: bands whose masks hide pixels.
        alpha: the transparency band, None without one.
    """

    bands: tuple[int, ...]
    spoilers: tuple[Pair, ...] = ()
    together: tuple[tuple[Pair, ...], ...] = ()
    masks: tuple[int, ...] = ()
    alpha: int | None = None

    @classmethod
    def of(
        cls, dataset: DatasetReader, bands: Sequence[int], nodata: Sequence[float] = ()
    ) -> ValidityRule:
        """Read the rule from an open dataset.

        GDAL's own mask of a band shows only one of nodata, mask band and alpha, and none of
        a floating-point alpha; so each is looked up by itself.

        Args:
            dataset: the dataset that will be read.
            bands: the bands used, from 1.
            nodata: values that are no data, whatever the file declares.
        """
        declared = [
            None if _is_rounded(dataset, band) else value
            for band, value in enumerate(dataset.nodatavals, start=1)
        ]
        spoilers: list[Pair] = []
        together: list[tuple[Pair, ...]] = []
        every: list[Sequence[float | None]] = [declared]
        every += ([value] * dataset.count for value in nodata)
        for values in every:
            group: list[Pair] = []
            for band in bands:
                dtype = dataset.dtypes[band - 1]
                held = held_value(dtype, values[band - 1])
                if held is not None:
                    (spoilers if one_band_spoils(dtype, held) else group).append((band, held))
            together.append(tuple(group))
        alphas = [
            index
            for index, meaning in enumerate(dataset.colorinterp, start=1)
            if meaning is ColorInterp.alpha and index not in bands
        ]
        return cls(
            bands=tuple(bands),
            spoilers=tuple(dict.fromkeys(spoilers)),
            together=tuple(dict.fromkeys(filter(None, together))),
            masks=tuple(dict.fromkeys(_masked_bands(dataset, bands))),
            alpha=alphas[0] if alphas else None,
        )

    def read(self, dataset: DatasetReader, raw: np.ndarray, **place: Any) -> np.ndarray:
        """Find the valid pixels of what was read.

        Args:
            dataset: the open dataset.
            raw: its used bands, shape (B, H, W), as stored.
            place: what was read: ``window``, or ``out_shape`` (H, W) of a decimated reading.

        Returns:
            Bool array, shape (H, W).
        """
        valid = np.ones(raw.shape[1:], bool)
        stored = dict(zip(self.bands, raw, strict=True))
        if raw.dtype.kind == 'f':
            valid &= np.isfinite(raw).all(axis=0)
        for band, value in self.spoilers:
            valid &= stored[band] != value
        for group in self.together:
            valid &= ~np.all([stored[band] == value for band, value in group], axis=0)
        for band in self.masks:
            valid &= _read_mask(dataset, band, **place)
        if self.alpha is not None:
            valid &= dataset.read(self.alpha, **place) > 0
        return valid


def _read_mask(dataset: DatasetReader, band: int, **place: Any) -> np.ndarray:
    with warnings.catch_warnings():
        # rasterio cannot know that the transparency band is read as well.
        warnings.simplefilter('ignore', NodataShadowWarning)
        return dataset.read_masks(band, **place) > 0


def _masked_bands(dataset: DatasetReader, bands: Sequence[int]) -> Iterator[int]:
    """Name the bands whose masks are to be read; one stands for a mask of the whole dataset."""
    shared = None
    for band in bands:
        flags = dataset.mask_flag_enums[band - 1]
        if MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags:
            shared = shared or band
            yield shared
        # Without any flag it is a mask of this band alone.
        elif not flags or _is_rounded(dataset, band):
            yield band


def _is_rounded(dataset: DatasetReader, band: int) -> bool:
    """Tell whether only GDAL's mask knows a band's nodata value exactly."""
    value, flags = dataset.nodatavals[band - 1], dataset.mask_flag_enums[band - 1]
    large = abs(value or 0) > EXACT and dataset.dtypes[band - 1].endswith('int64')
    return large and MaskFlags.nodata in flags
