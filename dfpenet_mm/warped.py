"""A raster seen on another raster's grid, its invalid pixels left out of every value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from rasterio.dtypes import dtype_rev, typename_fwd
from rasterio.enums import MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import raster_beside
from dfpenet_mm.validity import READ_SETTINGS, ValidityRule

# Curves by which GDAL turns what a source holds into 255 (valid) or 0.
ALWAYS, POSITIVE = '0:255,1:255', '0:0,1e-30:255'
HIGHEST = 1.7976931348623157e308
FINITE = f'-inf:0,{-HIGHEST!r}:255,0:255,{HIGHEST!r}:255,inf:0'


class WarpedRaster(AbstractContextManager):
    """Bands of a raster on a grid, read window by window.

    GDAL's warper knows one nodata value and one mask. It is given a mask that GDAL computes
    from the same file by the rule of ``dfpenet_mm.validity``, so that no invalid pixel enters a
    value, and none is taken for valid.

    Args:
        source: the open raster; it is opened once more.
        rule: which of its pixels are valid.
        grid: the wanted grid.
        resampling: how a value comes from its neighbours. With ``nearest`` a pixel is valid
            where the source pixel at its centre is, otherwise where any pixel is that its value
            is made of.
        bands: those of the rule's bands that are wanted; None for all.
        options: further ones of ``rasterio.vrt.WarpedVRT``, such as ``dtype``.

    Raises:
        rasterio.errors.RasterioError: if GDAL cannot bring it onto the grid.
    """

    def __init__(
        self,
        source: DatasetReader,
        rule: ValidityRule,
        grid: RasterGrid,
        resampling: Resampling,
        *,
        bands: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        bands = rule.bands if bands is None else bands
        self._bands = list(range(1, len(bands) + 1))
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**READ_SETTINGS))
            turned = stack.enter_context(raster_beside(source, grid))
            if turned is not source and MaskFlags.per_dataset in turned.mask_flag_enums[0]:
                # Between its ends a turned raster has no data.
                rule = replace(rule, masks=tuple({*rule.masks, rule.bands[0]}))
            masked = stack.enter_context(rasterio.open(_with_mask(turned, rule, bands)))
            self._warped = stack.enter_context(
                WarpedVRT(
                    masked,
                    crs=grid.crs,
                    transform=grid.transform,
                    height=grid.shape[0],
                    width=grid.shape[1],
                    resampling=resampling,
                    add_alpha=True,
                    **options,
                )
            )
            self._opened = stack.pop_all()

    def read(self, **place: Any) -> np.ndarray:
        """Return the bands, shape (B, H, W), in a ``window`` of the grid or all of it."""
        return self._warped.read(self._bands, **place)

    def valid(self, **place: Any) -> np.ndarray:
        """Return the valid pixels, bool, shape (H, W), likewise."""
        return self._warped.read(self._bands[-1] + 1, **place) > 0

    def close(self) -> None:
        """Close the raster."""
        self._opened.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _with_mask(source: DatasetReader, rule: ValidityRule, bands: Sequence[int]) -> str:
    """Describe, as GDAL's XML, the bands and a mask of the pixels that are valid."""
    # GDAL compares in the precision in which it is asked for the result.
    wide = any(not np.can_cast(source.dtypes[band - 1], np.float32) for band in rule.bands)
    kind = 'Float64' if wide else 'Byte'
    terms = list(_terms(source, rule, kind))
    values = [_band([_read(source, band)], _type(source, band)) for band in bands]
    if terms:
        plain = len(terms) == 1 and not wide
        mask = _band(terms, kind) if plain else _lowest(terms, kind)
        values.append(f'<MaskBand>{mask}</MaskBand>')
    return _dataset(source, ''.join(values))


def _terms(source: DatasetReader, rule: ValidityRule, kind: str) -> Iterator[str]:
    """Yield sources of 255 and 0, of which none may be 0 where a pixel is valid."""
    for band in rule.bands:
        if source.dtypes[band - 1].startswith('float'):
            yield _read(source, band, nodata='nan', curve=FINITE)
    for band, value in rule.spoilers:
        yield _read(source, band, nodata=repr(value), curve=ALWAYS)
    for group in rule.together:
        parts = [_read(source, band, nodata=repr(value), curve=ALWAYS) for band, value in group]
        # What one band leaves at 0 another one may fill.
        yield _source(_dataset(source, _band(parts, kind)), 1)
    for band in rule.masks:
        yield _read(source, f'mask,{band}')
    if rule.alpha is not None:
        yield _read(source, rule.alpha, curve=POSITIVE)


def _lowest(terms: Sequence[str], kind: str) -> str:
    """Describe a band that is 0 where any of the terms is."""
    return (
        f'<VRTRasterBand dataType="Byte" subClass="VRTDerivedRasterBand"><PixelFunctionType>min'
        f'</PixelFunctionType><SourceTransferType>{kind}</SourceTransferType>'
        f'{"".join(terms if len(terms) > 1 else [*terms, *terms])}</VRTRasterBand>'
    )


def _band(sources: Sequence[str], kind: str) -> str:
    return f'<VRTRasterBand dataType="{kind}">{"".join(sources)}</VRTRasterBand>'


def _read(
    source: DatasetReader, band: int | str, *, nodata: str | None = None, curve: str | None = None
) -> str:
    name = source.name
    if Path(name).exists():
        name = str(Path(name).absolute())
    return _source(name, band, nodata, curve)


def _source(name: str, band: int | str, nodata: str | None = None, curve: str | None = None) -> str:
    kind = 'SimpleSource' if curve is None else 'ComplexSource'
    skipped = '' if nodata is None else f'<NODATA>{nodata}</NODATA>'
    turned = '' if curve is None else f'<LUT>{curve}</LUT>'
    return (
        f'<{kind}><SourceFilename>{escape(name)}</SourceFilename><SourceBand>{band}</SourceBand>'
        f'{skipped}{turned}</{kind}>'
    )


def _dataset(source: DatasetReader, bands: str) -> str:
    place = ', '.join(map(repr, source.transform.to_gdal()))
    return (
        f'<VRTDataset rasterXSize="{source.width}" rasterYSize="{source.height}">'
        f'<SRS>{escape(source.crs.to_wkt())}</SRS><GeoTransform>{place}</GeoTransform>'
        f'{bands}</VRTDataset>'
    )


def _type(source: DatasetReader, band: int) -> str:
    return typename_fwd[dtype_rev[source.dtypes[band - 1]]]
