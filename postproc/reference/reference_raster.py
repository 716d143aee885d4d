"""A reference inventory that is a raster, on any grid and in any CRS."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from dfpenet_mm.errors import GridMismatchError, RasterFormatError
from dfpenet_mm.files import OFF_GRID, WHOLE_AND_PLACED, read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import raster_beside
from dfpenet_mm.rasters import check_placed
from dfpenet_mm.vocabulary import LANDSLIDE, NODATA
from postproc.masks.product_rasters import edit_mask, open_raster, scene_windows

# A map of classes is shown with all its values, a map of heights is not.
VALUES_SHOWN = 8


def check_raster(path: Path, role: str = 'reference') -> None:
    """Refuse a raster that is no map of landslides.

    Args:
        path: the raster.
        role: what it is for, in messages.

    Raises:
        InputFileError: if it cannot be read.
        RasterFormatError: if it has several bands, or no place on Earth.
    """
    what = f'the {role} {path}'
    with open_raster(path, what) as dataset:
        if dataset.count != 1:
            raise RasterFormatError(
                f'{what} has {dataset.count} bands; wanted is one band of landslide values'
            )
        check_placed(dataset, what)


def check_landslide_value(
    path: Path,
    grid: RasterGrid,
    landslide_value: int = 1,
    *,
    role: str = 'reference',
    may_be_empty: bool = False,
) -> None:
    """Refuse a raster without any landslide on a scene; stops at the first one found.

    Args:
        path: the raster, one band.
        grid: the scene's grid.
        landslide_value: value of landslide pixels.
        role: what the raster is for, in messages.
        may_be_empty: let one of background and nodata only pass: nothing was predicted.

    Raises:
        InputFileError: if it cannot be read.
        RasterFormatError: if it has several bands, no CRS, or lacks the value on the scene.
        GridMismatchError: if it does not overlap the scene.
    """
    check_raster(path, role)
    overlaps, values = False, set()
    with (
        read_errors(f'the {role} {path}', how=OFF_GRID, advice=WHOLE_AND_PLACED),
        open_raster(path) as source,
        _on_grid(source, grid) as warped,
    ):
        for window in scene_windows(grid.shape):
            inside = warped.read(warped.count, window=window) != 0
            found = np.unique(warped.read(1, window=window)[inside])
            if landslide_value in found:
                return
            overlaps |= bool(found.size)
            # One more than is shown is enough to know that there are more.
            values.update(found[~np.isnan(found)][: VALUES_SHOWN + 1].tolist())
        nodata = source.nodata
    if not overlaps:
        raise GridMismatchError(
            f'the {role} {path} does not overlap the scene grid {grid}; give one of '
            f'this place, and check its CRS'
        )
    if may_be_empty and values <= {0, nodata}:
        return
    raise RasterFormatError(_value_missing(role, path, values, nodata, landslide_value))


def warp_reference(path: Path, mask: Path, destination: Path, landslide_value: int = 1) -> Path:
    """Write a reference raster on the scene's grid: nearest pixel, 0, 1, and 255 for unknown.

    Unknown is what lies outside of the raster, is its nodata value or 255. A nodata value of
    0 is read as background: that is how binary maps without unknown pixels are often tagged.

    Args:
        path: the reference, one band.
        mask: the scene's mask, whose grid is wanted.
        destination: file to write.
        landslide_value: value of landslide pixels in ``path``; 255 is one of them if so given.

    Returns:
        ``destination``.

    Raises:
        InputFileError: if a raster cannot be read.
        RasterFormatError: if the reference has several bands or no CRS.
    """
    check_raster(path)
    with open_raster(mask) as scene:
        grid = RasterGrid.from_dataset(scene)
    with open_raster(path) as source, _on_grid(source, grid) as warped:

        def reference(window, _):
            values = warped.read(1, window=window)
            unknown = _unknown(values, source, landslide_value)
            unknown |= warped.read(warped.count, window=window) == 0
            return np.where(unknown, NODATA, (values == landslide_value) * LANDSLIDE)

        return edit_mask(mask, destination, reference)


@contextmanager
def _on_grid(source: DatasetReader, grid: RasterGrid) -> Iterator[WarpedVRT]:
    rows, cols = grid.shape
    # Alpha, not a nodata value, tells where the source ends: any value may be in use.
    with (
        raster_beside(source, grid) as turned,
        WarpedVRT(
            turned,
            crs=grid.crs,
            transform=grid.transform,
            width=cols,
            height=rows,
            resampling=Resampling.nearest,
            src_nodata=None,
            add_alpha=True,
        ) as warped,
    ):
        yield warped


def _unknown(values: np.ndarray, source: DatasetReader, landslide_value: int) -> np.ndarray:
    unknown = (values == NODATA) | np.isnan(values)
    if source.nodata not in (None, 0):
        unknown |= values == source.nodata
    return unknown & (values != landslide_value)


def _value_missing(
    role: str, path: Path, values: Collection[float], nodata: float | None, landslide_value: int
) -> str:
    shown = [f'{value:g}' for value in sorted(values)]
    others = [value for value in values if value not in (0, nodata)]
    if len(shown) > VALUES_SHOWN:
        held = f'holds many values, such as {", ".join(shown[:VALUES_SHOWN])}'
    elif len(shown) > 1:
        held = f'holds the values {", ".join(shown[:-1])} and {shown[-1]}'
    else:
        held = f'holds only the value {"".join(shown) or "NaN"}'
    if not others:
        return (
            f'the {role} {path} {held} on the scene, so no landslide (landslide_value='
            f'{landslide_value}); give an inventory of this event, or none'
        )
    wanted = f'{others[0]:g}' if len(others) == 1 else 'VALUE'
    option = f'--{role}-value {wanted}'
    if role == 'reference':
        option = (
            f'landslide_value={wanted} in ConsistencyEvaluator, in the config or with '
            f'--cfg-options postproc.N.landslide_value={wanted} (N: its place in the postproc '
            f'list, from 0), or {option} in evaluate_inventory'
        )
    return (
        f'the {role} {path} {held} on the scene, not landslide_value={landslide_value}; set '
        f'{option}'
    )
