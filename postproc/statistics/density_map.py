"""The density of landslides: a coarse grid of their number and of the ground they cover."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import NODATA, PROVENANCE_KEY
from postproc.inventory.measures import areas_m2
from postproc.masks.burner import PolygonBurner, placed
from postproc.masks.product_rasters import open_role, scene_windows
from postproc.product import LandslideProduct

BANDS = ('landslides_per_km2', 'landslide_area_share', 'valid_share')


@dataclass(frozen=True)
class DensityMap:
    """Landslides by cell of a grid, arrays of shape (rows, cols) of cells.

    Args:
        grid: the cells; the last row and column may reach beyond the scene.
        landslides: landslides by cell; each counts in the one that holds a point of its inside.
        landslide_pixels: pixels of the scene on landslides.
        valid_pixels: pixels of the scene with data.
        pixel_m2: area of a pixel, square metres.
        pixels: pixels of a whole cell.
    """

    grid: RasterGrid
    landslides: np.ndarray
    landslide_pixels: np.ndarray
    valid_pixels: np.ndarray
    pixel_m2: np.ndarray
    pixels: int

    @property
    def valid_km2(self) -> np.ndarray:
        """Ground with data, square kilometres."""
        return self.valid_pixels * self.pixel_m2 / 1e6

    @property
    def per_km2(self) -> np.ndarray:
        """Landslides per square kilometre with data; NaN in a cell without any."""
        return _quotient(self.landslides, self.valid_km2)

    @property
    def area_share(self) -> np.ndarray:
        """Share of the ground with data that landslides cover, 0 to 1; NaN likewise."""
        return _quotient(self.landslide_pixels, self.valid_pixels)

    @property
    def valid_share(self) -> np.ndarray:
        """Share of a whole cell that has data; densities of small ones say little."""
        return self.valid_pixels / self.pixels


def map_density(product: LandslideProduct, cell_m: float) -> DensityMap:
    """Count landslides by cell, reading the scene's mask window by window.

    Args:
        product: the landslides, and the ``mask`` raster that says where the scene has data.
        cell_m: side of a cell, metres; it is rounded to whole pixels.

    Raises:
        InputFileError: if the mask is missing or unreadable.
        GridMismatchError: if it is on another grid.
    """
    rows, cols = product.grid.shape
    step = [max(1, round(cell_m / size)) for size in product.grid.pixel_size]
    shape = math.ceil(rows / step[1]), math.ceil(cols / step[0])
    grid = RasterGrid(product.grid.crs, product.grid.transform @ Affine.scale(*step), shape)
    burner = PolygonBurner(product.landslides.geometry.to_numpy(), product.grid.transform)
    sums = np.zeros((2, *shape), dtype=np.int64)
    with open_role(product, 'mask') as mask:
        for window in scene_windows(product.grid.shape):
            valid = mask.read(1, window=window) != NODATA
            for layer, pixels in enumerate((valid & burner.inside(window), valid)):
                _add(sums[layer], pixels, window, step)
    return DensityMap(
        grid,
        _count(product.landslides, grid),
        landslide_pixels=sums[0],
        valid_pixels=sums[1],
        pixel_m2=_cell_areas(grid) / math.prod(step),
        pixels=math.prod(step),
    )


def write_density(path: Path, density: DensityMap, provenance: Mapping[str, Any]) -> None:
    """Write a GeoTIFF of three float32 bands, ``BANDS``, with NaN where nothing is known.

    Raises:
        OutputError: if the disk refuses.
    """
    rows, cols = density.grid.shape
    bands = np.stack([density.per_km2, density.area_share, density.valid_share])
    with (
        whole_file(path) as part,
        rasterio.open(
            part,
            'w',
            driver='GTiff',
            width=cols,
            height=rows,
            count=len(BANDS),
            dtype='float32',
            crs=density.grid.crs,
            transform=density.grid.transform,
            nodata=float('nan'),
            compress='deflate',
        ) as dataset,
    ):
        dataset.write(bands.astype(np.float32))
        dataset.descriptions = BANDS
        dataset.update_tags(**{PROVENANCE_KEY: json.dumps(dict(provenance))})


def _add(sums: np.ndarray, pixels: np.ndarray, window: Window, step: list[int]) -> None:
    cells = [
        np.arange(start, start + length) // size
        for start, length, size in (
            (window.row_off, window.height, step[1]),
            (window.col_off, window.width, step[0]),
        )
    ]
    firsts = [np.unique(cell, return_index=True) for cell in cells]
    by_row = np.add.reduceat(pixels, firsts[0][1], axis=0, dtype=np.int32)
    sums[np.ix_(firsts[0][0], firsts[1][0])] += np.add.reduceat(by_row, firsts[1][1], axis=1)


def _count(landslides: gpd.GeoDataFrame, grid: RasterGrid) -> np.ndarray:
    points = shapely.point_on_surface(landslides.geometry.to_numpy())
    places = placed(~grid.transform, shapely.get_x(points), shapely.get_y(points))
    rows, cols = grid.shape
    col, row = (
        np.clip(np.floor(place), 0, last).astype(int)
        for place, last in zip(places, (cols - 1, rows - 1), strict=True)
    )
    return np.bincount(row * cols + col, minlength=rows * cols).reshape(rows, cols)


def _cell_areas(grid: RasterGrid) -> np.ndarray:
    rows, cols = np.indices(grid.shape)
    corners = np.stack(
        [np.stack([cols + x, rows + y], axis=-1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))],
        axis=-2,
    ).reshape(-1, 2)
    rings = np.column_stack(placed(grid.transform, *corners.T)).reshape(-1, 4, 2)
    cells = gpd.GeoDataFrame(geometry=shapely.polygons(rings), crs=grid.crs)
    return areas_m2(cells).reshape(grid.shape)


def _quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
