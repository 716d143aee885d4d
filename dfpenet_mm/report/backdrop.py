"""An image of the scene, small enough to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.bands import choose_bands
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.source_files import require_file
from dfpenet_mm.validity import ValidityRule, open_unhidden
from dfpenet_mm.warped import WarpedRaster

STRETCH_PERCENTILES = (1, 99)
# Brightness that is left outside the area of interest.
DIMMED = 0.4


@dataclass(frozen=True)
class Backdrop:
    """A picture and where it lies.

    Args:
        colours: red, green, blue and alpha, uint8, shape (rows, cols, 4); alpha is 0 on nodata
            and 255 elsewhere.
        grid: grid of its pixels, over the same ground as the scene's.
        limits: values drawn darkest and brightest, shape (2, 3); None where nothing has data.
        bands: those that are drawn red, green and blue, numbered from 1.
    """

    colours: np.ndarray
    grid: RasterGrid
    limits: np.ndarray | None = None
    bands: Sequence[int] = (1, 2, 3)


def decimated(grid: RasterGrid, max_side: int) -> RasterGrid:
    """Return a grid over the same ground with at most ``max_side`` rows and columns."""
    factor = max(1.0, max(grid.shape) / max_side)
    rows, cols = (math.ceil(side / factor) for side in grid.shape)
    scale = Affine.scale(grid.shape[1] / cols, grid.shape[0] / rows)
    return RasterGrid(grid.crs, grid.transform @ scale, (rows, cols))


def read_backdrop(
    path: Path,
    *,
    grid: RasterGrid | None = None,
    bands: Sequence[int] = (1, 2, 3),
    max_side: int,
    limits: np.ndarray | None = None,
    by_colour: bool = True,
    nodata: Sequence[float] = (),
) -> Backdrop:
    """Read an image onto a scene's grid, decimated, and stretch its colours.

    Args:
        path: a raster; on another grid than the scene's it is warped.
        grid: the scene's grid; None for the image's own.
        bands: red, green and blue, numbered from 1.
        max_side: most rows or columns wanted.
        limits: values to draw darkest and brightest, shape (2, 3), such as another picture's;
            None for each band's 1st and 99th percentile.
        by_colour: take for bands 1, 2, 3 those that the file calls red, green and blue.
        nodata: values that are no data, besides what the file declares.

    Returns:
        Each band stretched between its limits.

    Raises:
        InputFileError: if the raster cannot be read.
    """
    require_file(path, str(path))
    advice = 'give the image that was mapped'
    with (
        read_errors(path, IndexError, how='cannot be drawn', advice=advice),
        open_unhidden(path) as source,
    ):
        own = RasterGrid.from_dataset(source)
        target = decimated(grid or own, max_side)
        same = grid is None or own.matches(grid)
        read = _read_decimated if same else _read_warped
        bands = choose_bands(source, bands, by_colour=by_colour).bands
        values, valid = read(source, target, ValidityRule.of(source, bands, nodata))
    valid &= np.isfinite(values).all(axis=0)
    if limits is None and valid.any():
        limits = np.percentile(values[:, valid], STRETCH_PERCENTILES, axis=1)
    return Backdrop(_stretch(values, valid, limits), target, limits, bands)


def dimmed_outside(backdrop: Backdrop, area: BaseGeometry) -> Backdrop:
    """Return the picture in dark grey outside of an area in its CRS."""
    outside = ~backdrop.grid.inside([area]) & (backdrop.colours[..., 3] > 0)
    colours = backdrop.colours.copy()
    grey = colours[outside, :3].mean(axis=1, keepdims=True)
    colours[outside, :3] = np.rint(DIMMED * grey)
    return replace(backdrop, colours=colours)


def _read_decimated(
    source: DatasetReader, target: RasterGrid, rule: ValidityRule
) -> tuple[np.ndarray, np.ndarray]:
    values = source.read(rule.bands, out_shape=(len(rule.bands), *target.shape))
    return values, rule.read(source, values, out_shape=target.shape)


def _read_warped(
    source: DatasetReader, target: RasterGrid, rule: ValidityRule
) -> tuple[np.ndarray, np.ndarray]:
    with WarpedRaster(source, rule, target, Resampling.bilinear) as warped:
        return warped.read(), warped.valid()


def _stretch(values: np.ndarray, valid: np.ndarray, limits: np.ndarray | None) -> np.ndarray:
    colours = np.zeros((*valid.shape, 4), np.uint8)
    if limits is None or not valid.any():
        return colours
    for index, (band, low, high) in enumerate(zip(values, *limits, strict=True)):
        stretched = (band[valid].astype(float) - low) / max(high - low, 1e-9)
        colours[valid, index] = np.rint(255 * np.clip(stretched, 0, 1))
    colours[valid, 3] = 255
    return colours
