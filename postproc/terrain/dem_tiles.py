"""Derivatives of a DEM on its own grid, computed only where landslides are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.files import BREAKS_OFF, WHOLE, disk_errors, read_errors
from dfpenet_mm.grid import RasterGrid, turn_of
from dfpenet_mm.longitudes import raster_beside
from dfpenet_mm.validity import ValidityRule
from postproc.masks.burner import pixel_bounds, placed
from postproc.masks.product_rasters import TILE, open_raster, tiled_profile
from postproc.terrain.dem import ABSURD, metres_per_unit
from postproc.terrain.derivatives import PLAIN, ground_steps, relief, relief_margin

# Reach of the resampling around a landslide: pixels of the scene and cells of the DEM.
REACH = 2


def write_derivatives(
    dem: Path,
    destination: Path,
    names: Sequence[str],
    landslides: np.ndarray,
    scene: RasterGrid,
) -> Path:
    """Write derivatives of a DEM, one band each, tile by tile.

    Tiles without a landslide are neither computed nor stored, so time and disk space grow with
    the landslides and not with the DEM.

    Args:
        dem: elevations, as ``check_dem`` accepts them.
        destination: GeoTIFF to write on the DEM's own grid, float32, NaN without data.
        names: any of ``derivatives.DERIVATIVES``, in the order of the bands.
        landslides: polygons in the scene's CRS, shape (landslides,).
        scene: the scene's grid.

    Returns:
        ``destination``.

    Raises:
        InputFileError: if the DEM is missing or breaks off.
        OutputError: if the destination cannot be written, as on a full disk.
    """
    with (
        open_raster(dem) as whole,
        raster_beside(whole, scene) as source,
        disk_errors(destination),
    ):
        grid = RasterGrid.from_dataset(source)
        profile = tiled_profile(grid, len(names), 'float32')
        options = {'nodata': float('nan'), 'sparse_ok': True}
        with rasterio.open(destination, 'w', **profile, **options) as target:
            for window in _tiles(grid, _wanted(landslides, scene, grid)):
                with read_errors(f'the DEM {dem}', how=BREAKS_OFF, advice=WHOLE):
                    derived = _derived(source, grid, window, names)
                target.write(derived, window=window)
    return destination


def _wanted(landslides: np.ndarray, scene: RasterGrid, dem: RasterGrid) -> np.ndarray:
    """Return True, shape (tile rows, tile cols), for the DEM's tiles near landslides."""
    boxes = _dem_boxes(landslides, scene, dem)
    tiles = np.zeros([-(-side // TILE) for side in dem.shape], dtype=bool)
    rows, cols = dem.shape
    near = (boxes[:, 0] < cols) & (boxes[:, 1] < rows) & (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
    for left, top, right, bottom in np.maximum(boxes[near], 0).astype(int) // TILE:
        tiles[top : bottom + 1, left : right + 1] = True
    return tiles


def _dem_boxes(landslides: np.ndarray, scene: RasterGrid, dem: RasterGrid) -> np.ndarray:
    """Return (left, top, right, bottom) cells of the DEM around every landslide."""
    bounds = pixel_bounds(landslides, scene.transform)
    left, top, right, bottom = (bounds + REACH * np.array([-1, -1, 1, 1])).T
    col = np.stack([left, (left + right) / 2, right])[:, None] * np.ones((1, 3, 1))
    row = np.stack([top, (top + bottom) / 2, bottom])[None] * np.ones((3, 1, 1))
    to_dem = pyproj.Transformer.from_crs(
        pyproj.CRS.from_user_input(scene.crs), pyproj.CRS.from_user_input(dem.crs), always_xy=True
    )
    x, y = to_dem.transform(*placed(scene.transform, col.reshape(9, -1), row.reshape(9, -1)))
    turn = turn_of(dem.crs)
    if turn:
        x = x + turn * np.round((dem.center[0] - x) / turn)
    cols, rows = placed(~dem.transform, x, y)
    boxes = np.stack(
        [cols.min(0) - REACH, rows.min(0) - REACH, cols.max(0) + REACH, rows.max(0) + REACH], 1
    )
    return boxes[np.isfinite(boxes).all(axis=1)]


def _tiles(grid: RasterGrid, wanted: np.ndarray) -> Iterator[Window]:
    rows, cols = grid.shape
    for row, col in np.argwhere(wanted) * TILE:
        yield Window(int(col), int(row), min(TILE, cols - int(col)), min(TILE, rows - int(row)))


def _derived(
    source: DatasetReader, grid: RasterGrid, window: Window, names: Sequence[str]
) -> np.ndarray:
    steps = ground_steps(grid, window)
    plain = _elevations(source, window, (1, 1))
    bands = []
    for name in names:
        if name == 'relief':
            margin = relief_margin(steps)
            bands.append(relief(_elevations(source, window, margin), margin))
        else:
            bands.append(PLAIN[name](plain, steps))
    return np.array(bands, dtype=np.float32)


def _elevations(source: DatasetReader, window: Window, margin: tuple[int, int]) -> np.ndarray:
    """Read a window with a margin (rows, cols), metres; NaN where the raster has no data."""
    rows, cols = margin
    wider = Window(
        window.col_off - cols,
        window.row_off - rows,
        window.width + 2 * cols,
        window.height + 2 * rows,
    )
    whole = Window(0, 0, source.width, source.height)
    known = wider.intersection(whole)
    elevations = np.full((wider.height, wider.width), np.nan)
    top, left = known.row_off - wider.row_off, known.col_off - wider.col_off
    stored = source.read([1], window=known)
    valid = ValidityRule.of(source, (1,)).read(source, stored, window=known)
    values = stored[0].astype(float) * source.scales[0] + source.offsets[0]
    values[~valid | (np.abs(values) > ABSURD)] = np.nan
    elevations[top : top + known.height, left : left + known.width] = values
    return elevations * metres_per_unit(source)
