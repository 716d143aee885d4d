"""Which pixels of a raster hold data: nodata values, mask bands, alpha, NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window


def one_band_spoils(dtype: str, nodata: float | None) -> bool:
    """Tell whether the nodata value in one band makes the whole pixel nodata.

    In unsigned images 0 (shadow, water) and the maximum (snow) are measured values too: such
    a pixel is nodata only where all bands say so. Anywhere else, -9999 in a single band
    is never a measurement.

    Args:
        dtype: the raster's data type.
        nodata: its nodata value.

    Returns:
        True if one band suffices.
    """
    return bool(nodata) and np.dtype(dtype).kind != 'u'


@dataclass(frozen=True)
class ValidityRule:
    """How one dataset says where it has data.

    Args:
        bands: the bands used, from 1.
        nodata: nodata value of each of them, None where it has none.
        alpha: the transparency band, None without one.
        masked: whether the dataset has a mask band.
        any_band: whether the nodata value of one band suffices.
    """

    bands: tuple[int, ...]
    nodata: tuple[float | None, ...]
    alpha: int | None
    masked: bool
    any_band: bool

    @classmethod
    def of(
        cls,
        dataset: DatasetReader | WarpedVRT,
        bands: tuple[int, ...],
        nodata: Sequence[float | None],
    ) -> ValidityRule:
        """Read the rule from an open dataset.

        GDAL's own mask of a band shows only one of nodata, mask band and alpha, and none of
        a floating-point alpha; so each is looked up by itself.

        Args:
            dataset: the dataset that will be read.
            bands: the bands used, from 1.
            nodata: nodata value of every band of the file, None where it has none; a warped
                dataset with transparency no longer tells them.
        """
        alphas = [
            index
            for index, meaning in enumerate(dataset.colorinterp, start=1)
            if meaning is ColorInterp.alpha and index not in bands
        ]
        chosen = tuple(nodata[band - 1] for band in bands)
        dtype = dataset.dtypes[bands[0] - 1]
        flags = dataset.mask_flag_enums[bands[0] - 1]
        return cls(
            bands=bands,
            nodata=chosen,
            alpha=alphas[0] if alphas else None,
            masked=MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags,
            any_band=any(one_band_spoils(dtype, value) for value in chosen),
        )

    def read(
        self, dataset: DatasetReader | WarpedVRT, raw: np.ndarray, window: Window
    ) -> np.ndarray:
        """Find the valid pixels of a window.

        Args:
            dataset: the open dataset.
            raw: its bands in the window, shape (B, H, W), as stored.
            window: the window.

        Returns:
            Bool array, shape (H, W).
        """
        valid = np.ones(raw.shape[1:], bool)
        if np.issubdtype(raw.dtype, np.floating):
            valid &= np.isfinite(raw).all(axis=0)
        if None not in self.nodata:
            valid &= ~self._is_nodata(raw)
        if self.alpha is not None:
            valid &= dataset.read(self.alpha, window=window) > 0
        if self.masked:
            valid &= dataset.read_masks(self.bands[0], window=window) > 0
        return valid

    def _is_nodata(self, raw: np.ndarray) -> np.ndarray:
        hits = np.stack([band == value for band, value in zip(raw, self.nodata, strict=True)])
        return hits.any(axis=0) if self.any_band else hits.all(axis=0)
