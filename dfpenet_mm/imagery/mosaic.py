"""Chosen images and tiles of elevation put together on one grid, window by window."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from dfpenet_mm.errors import ImageryError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.catalogues import DEM_MARGIN
from dfpenet_mm.imagery.clearness import Seen, seen_of
from dfpenet_mm.imagery.items import BANDS, ELEVATION, SCL, SourceItem
from dfpenet_mm.imagery.offsets import QUANTIFICATION, OffsetDecision
from dfpenet_mm.imagery.reading import ItemReader, KeptWindows, windows

# Pixels along a window's side: some blocks of the files that servers keep.
SIDE = 2048
HIGHEST = 65_535
NO_HEIGHT = -9999.0
GTIFF = {'driver': 'GTiff', 'compress': 'deflate', 'tiled': True, 'bigtiff': 'if_safer'}
# Bytes of a pixel of an image with its classes, and of one of elevation.
IMAGE_BYTES, HEIGHT_BYTES = 2 * len(BANDS) + 1, 4
Advance = Callable[[int], None]


@dataclass(frozen=True)
class MosaicCounts:
    """Pixels of an image inside of its area.

    Args:
        shares: of the area by what it shows: clear, cloud, shadow, snow, defective, nothing.
        kept: share of the area that has values.
    """

    shares: Mapping[str, float]
    kept: float


def image_bytes(area: Area, items: int) -> int:
    """Return the bytes that reading a mosaic of so many images takes at most, unpacked."""
    return sum(int(w.width * w.height) for w in _wanted(area)) * items * IMAGE_BYTES


def write_mosaic(
    area: Area,
    items: Sequence[SourceItem],
    decisions: Mapping[str, OffsetDecision],
    files: tuple[Path, Path],
    kept: KeptWindows,
    *,
    keep_clouds: bool = False,
    advance: Advance = lambda _: None,
) -> MosaicCounts:
    """Write an image of red, green, blue and near infrared, and its mask.

    Every pixel is of the first image that shows clear ground there. Values are ten-thousandths of
    reflectance, 0 is nodata. The mask has codes of ``Seen``, and in its second band the number,
    counted from 1, of the image that the pixel is of.

    Args:
        area: that they are wanted of.
        items: images, those on top first.
        decisions: about their offsets, by name.
        files: to write: of the image and of its mask.
        kept: where windows are kept.
        keep_clouds: give hidden pixels their values, too.
        advance: is told of every further byte that was read or left out.

    Returns:
        What the area shows.

    Raises:
        DfpenetError: if an image cannot be read, or the disk refuses.
    """
    grid, place = area.grid, {'crs': area.crs, 'transform': area.grid.transform}
    size = {'height': grid.shape[0], 'width': grid.shape[1]}
    counts, inside_total, with_values = dict.fromkeys(Seen, 0), 0, 0
    with ExitStack() as stack:
        readers = [stack.enter_context(ItemReader(item, grid)) for item in items]
        values_file = stack.enter_context(
            rasterio.open(
                files[0],
                'w',
                **{**GTIFF, **size, **place},
                count=len(BANDS),
                dtype='uint16',
                nodata=0,
                predictor=2,
                photometric='rgb',
                alpha='no',
            )
        )
        mask_file = stack.enter_context(
            rasterio.open(files[1], 'w', **{**GTIFF, **size, **place}, count=2, dtype='uint8')
        )
        _describe(values_file, mask_file, items)
        for window in windows(grid.shape, SIDE):
            shape = (int(window.height), int(window.width))
            values, seen, source = _empty(shape)
            if shapely.box(*_bounds(grid, window)).intersects(area.on_grid):
                for number, reader in enumerate(readers, start=1):
                    found = reader, window, kept, decisions[reader.item.id]
                    _lay_under(values, seen, source, number, found, keep_clouds=keep_clouds)
                    advance(shape[0] * shape[1] * IMAGE_BYTES)
            values_file.write(values, window=window)
            mask_file.write(np.stack([seen, source]), window=window)
            inside = grid.window(window).inside([area.on_grid], all_touched=True)
            inside_total += int(inside.sum())
            with_values += int((values[:, inside] > 0).all(axis=0).sum())
            for code in Seen:
                counts[code] += int((seen[inside] == code).sum())
    total = max(inside_total, 1)
    named = {code.name.lower(): number / total for code, number in counts.items()}
    return MosaicCounts(named, with_values / total)


def _empty(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.zeros((len(BANDS), *shape), np.uint16)
    return values, np.full(shape, Seen.NOTHING, np.uint8), np.zeros(shape, np.uint8)


def _lay_under(
    values: np.ndarray,
    seen: np.ndarray,
    source: np.ndarray,
    number: int,
    found: tuple[ItemReader, Window, KeptWindows, OffsetDecision],
    *,
    keep_clouds: bool,
) -> None:
    """Fill what is not clear yet, in place."""
    if (seen == Seen.CLEAR).all():
        return
    reader, window, kept, decision = found
    where = f'{window.col_off} {window.row_off} {window.width} {window.height}'
    classes = kept.get(
        reader.item, f'{SCL} {where}', lambda: reader.read(SCL, window, classes=True)
    )
    own = seen_of(classes)
    takes = (seen != Seen.CLEAR) & ((own == Seen.CLEAR) | (seen == Seen.NOTHING))
    takes &= own != Seen.NOTHING
    if not takes.any():
        return
    numbers = kept.get(reader.item, f'bands {where}', lambda: reader.read_bands(window))
    there = (numbers > 0).all(axis=0)
    takes &= there
    seen[takes], source[takes] = own[takes], number
    wanted = takes if keep_clouds else takes & (own == Seen.CLEAR)
    values[:, takes] = 0
    values[:, wanted] = reflectance(numbers[:, wanted], decision)


def reflectance(numbers: np.ndarray, decision: OffsetDecision) -> np.ndarray:
    """Turn an image's numbers into ten-thousandths of reflectance.

    Args:
        numbers: above 0, any shape.
        decision: about their offset.

    Returns:
        Same shape, uint16, at least 1, as 0 is nodata.
    """
    shifted = numbers.astype(np.float64) - decision.shift
    return np.clip(np.rint(shifted * decision.factor), 1, HIGHEST).astype(np.uint16)


def _describe(
    values: rasterio.io.DatasetWriter,
    mask: rasterio.io.DatasetWriter,
    items: Sequence[SourceItem],
) -> None:
    values.descriptions = BANDS
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
    values.colorinterp = colours
    # The mapping scales what declares such a scale as reflectance, and knows it by MSIL2A as
    # reflectance of the ground.
    values.scales, values.offsets = (1 / QUANTIFICATION,) * len(BANDS), (0.0,) * len(BANDS)
    names = ' '.join(item.id for item in items)
    licence = '; '.join(sorted({item.licence for item in items if item.licence}))
    values.update_tags(PRODUCT='Sentinel-2 MSIL2A', SOURCES=names, TIFFTAG_COPYRIGHT=licence)
    mask.descriptions = ('seen', 'source')
    codes = ', '.join(f'{code.value} {code.name.lower()}' for code in Seen)
    mask.update_tags(1, CODES=codes)
    mask.update_tags(2, SOURCES=names)


def _wanted(area: Area) -> list[Window]:
    return [
        window
        for window in windows(area.grid.shape, SIDE)
        if shapely.box(*_bounds(area.grid, window)).intersects(area.on_grid)
    ]


def _bounds(grid: RasterGrid, window: Window) -> tuple[float, float, float, float]:
    return grid.window(window).outline.bounds


def dem_grid(area: Area, own: RasterGrid) -> RasterGrid:
    """Return the grid of elevation: the pixels of its own tiles, with a margin around the area.

    Args:
        area: the ground.
        own: grid of one of the tiles, in degrees.
    """
    west, south, east, north = area.shape.bounds
    across, down = own.transform.a, -own.transform.e
    first_col = math.floor((west - DEM_MARGIN - own.transform.c) / across)
    last_col = math.ceil((east + DEM_MARGIN - own.transform.c) / across)
    first_row = math.floor((own.transform.f - north - DEM_MARGIN) / down)
    last_row = math.ceil((own.transform.f - south + DEM_MARGIN) / down)
    place = own.transform @ Affine.translation(first_col, first_row)
    return RasterGrid(own.crs, place, (last_row - first_row, last_col - first_col))


def write_dem(
    area: Area, items: Sequence[SourceItem], path: Path, kept: KeptWindows, advance: Advance
) -> float:
    """Write elevation around an area.

    Args:
        area: the ground.
        items: its tiles.
        path: file to write.
        kept: where windows are kept.
        advance: is told of every further byte that was read.

    Returns:
        The share of the grid that has a height; at sea there is none.

    Raises:
        DfpenetError: if a tile cannot be read, or is not in degrees.
    """
    with ItemReader(items[0], area.grid) as reader:
        own = reader.source_grid(ELEVATION)
    if not own.crs.is_geographic or not own.transform.is_rectilinear:
        raise ImageryError(
            f'{items[0].id} is in {own.crs.to_string()[:40]}, elevation is wanted in degrees; '
            f'name another collection with --dem-collection, or leave it out with --no-dem'
        )
    grid = dem_grid(area, own)
    with ExitStack() as stack:
        readers = [stack.enter_context(ItemReader(item, grid)) for item in items]
        target = stack.enter_context(
            rasterio.open(
                path,
                'w',
                **GTIFF,
                height=grid.shape[0],
                width=grid.shape[1],
                crs=grid.crs,
                transform=grid.transform,
                count=1,
                dtype='float32',
                nodata=NO_HEIGHT,
                predictor=3,
            )
        )
        target.units, target.descriptions = ('metre',), ('elevation',)
        target.update_tags(TIFFTAG_COPYRIGHT=items[0].licence)
        known = 0
        for window in windows(grid.shape, SIDE):
            heights = np.full((int(window.height), int(window.width)), np.nan, np.float32)
            where = f'{ELEVATION} {window.col_off} {window.row_off} {heights.shape}'
            for reader in readers:
                missing = np.isnan(heights)
                if missing.any():
                    found = kept.get(reader.item, where, partial(reader.read, ELEVATION, window))
                    heights[missing] = found[missing]
            known += int(np.isfinite(heights).sum())
            target.write(np.nan_to_num(heights, nan=NO_HEIGHT), 1, window=window)
            advance(heights.size * HEIGHT_BYTES)
    return known / math.prod(grid.shape)
