"""A chip of a run: what its images, rasters and tables show in a window of the scene."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from rasterio.enums import Resampling
from rasterio.windows import Window

from dfpenet_mm.class_rasters import in_pixels
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures.map_axes import draw_outlines, show_backdrop, show_classes
from dfpenet_mm.report.figures.palette import CONFUSION_COLOURS, KEPT, REMOVED
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.vocabulary import AT_BOUNDARY, NODATA

# A landslide takes this share of its square; small ones are shown with what lies around.
SHARE, LEAST_SIDE = 0.4, 48


def square_around(bounds: tuple[float, float, float, float], grid: RasterGrid) -> Window:
    """Return a window that is square on the ground, or what fits into the scene.

    Args:
        bounds: (left, top, right, bottom) of a place, in the scene's pixels.
        grid: of the scene.
    """
    left, top, right, bottom = bounds
    steps = grid.pixel_size
    extent = max((right - left) * steps[0], (bottom - top) * steps[1]) / SHARE
    extent = max(extent, LEAST_SIDE * grid.gsd)
    (width, height) = (
        min(math.ceil(extent / step), side)
        for step, side in zip(steps, grid.shape[::-1], strict=True)
    )
    col = min(max(round((left + right - width) / 2), 0), grid.shape[1] - width)
    row = min(max(round((top + bottom - height) / 2), 0), grid.shape[0] - height)
    return Window(col, row, width, height)


def read_window(
    path: Path, window: Window, max_side: int, resampling: Resampling = Resampling.nearest
) -> np.ma.MaskedArray:
    """Read the first band of a raster in a window.

    Args:
        path: raster on the scene's grid.
        window: of it.
        max_side: most rows or columns wanted.
        resampling: how to decimate.

    Returns:
        Shape (rows, cols), masked where the raster has no data.

    Raises:
        InputFileError: if it cannot be read.
    """
    factor = max(1.0, max(window.width, window.height) / max_side)
    shape = tuple(max(1, round(side / factor)) for side in (window.height, window.width))
    with (
        read_errors(path, how='cannot be drawn', advice='give the folder of a complete run'),
        rasterio.open(path) as source,
    ):
        return source.read(1, window=window, out_shape=shape, resampling=resampling, masked=True)


# Rows or columns; a chip is drawn with some 250 dots a side.
CHIP_SIDE = 300


class RunChip:
    """A place of a run's scene.

    Args:
        products: of the run.
        bounds: (left, top, right, bottom) of the place, in the scene's pixels.
    """

    def __init__(self, products: RunProducts, bounds: tuple[float, float, float, float]) -> None:
        self._products = products
        self._window = square_around(bounds, products.grid)
        self._bounds = bounds
        self._images: dict[str, Backdrop] = {}
        self.grid = products.grid.window(self._window)

    def draw_image(self, axes: Axes, role: str) -> None:
        """Draw the image of a role, ``post`` or ``pre``."""
        show_backdrop(axes, self._image(role), self.grid)

    def draw_probability(self, axes: Axes) -> AxesImage:
        """Draw what the network is how sure of."""
        path = self._products.folder / 'probability.tif'
        values = read_window(path, self._window, CHIP_SIDE, Resampling.average)
        rows, cols = self.grid.shape
        return axes.imshow(
            values, extent=(0, cols, rows, 0), vmin=0, vmax=1, cmap='viridis', aspect='auto'
        )

    def draw_mask(self, axes: Axes) -> None:
        """Draw the final mask."""
        path = self._products.folder / 'mask.tif'
        mask = read_window(path, self._window, CHIP_SIDE).filled(NODATA)
        show_classes(axes, mask, self.grid, {0: '#000000', 1: '#ffffff'})

    def draw_inventory(self, axes: Axes) -> None:
        """Draw outlines over the post-event image, and a frame around the place itself."""
        self.draw_image(axes, 'post')
        self._outline(axes, self._products.rejected, REMOVED)
        self._outline(axes, self._products.landslides, KEPT)
        left, top, right, bottom = self._bounds
        margin = 0.02 * max(self.grid.shape)
        corner = left - self._window.col_off - margin, top - self._window.row_off - margin
        size = right - left + 2 * margin, bottom - top + 2 * margin
        axes.add_artist(Rectangle(corner, *size, fill=False, ec='white', lw=0.9, ls=(0, (4, 3))))

    def draw_judged(self, axes: Axes, path: Path) -> None:
        """Draw an ``evaluation.tif``, boundaries judged strictly."""
        verdicts = read_window(path, self._window, CHIP_SIDE).filled(NODATA)
        for strict, code in AT_BOUNDARY.items():
            verdicts[verdicts == code] = strict
        show_classes(axes, verdicts, self.grid, {0: '#f2f2f2', **CONFUSION_COLOURS})

    def _image(self, role: str) -> Backdrop:
        if role not in self._images:
            self._images[role] = self._products.picture(role, self.grid, CHIP_SIDE)
        return self._images[role]

    def _outline(self, axes: Axes, table: gpd.GeoDataFrame | None, colour: str) -> None:
        if table is None or table.empty:
            return
        near = np.sort(table.sindex.query(self.grid.outline))
        shapes = in_pixels(table.geometry.iloc[near], self.grid)
        draw_outlines(axes, shapes, colour, width=1.0, tolerance=self.grid.shape[1] / CHIP_SIDE / 2)
