"""An inventory drawn over the image it was mapped from."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid

# Outline colours of the layers, and what the legend says of them.
LAYERS = {
    'landslides': ('#ff00d0', 'landslide'),
    'rejected': ('#00c8ff', 'rejected region'),
}
STRETCH_PERCENTILES = (1, 99)


def read_backdrop(path: Path, max_side: int) -> tuple[np.ndarray, RasterGrid]:
    """Read an image small enough to draw.

    Args:
        path: a raster with at least three bands, red, green and blue first.
        max_side: most rows or columns wanted; a larger image is read decimated.

    Returns:
        Colours, float, shape (rows, cols, 3), in [0, 1], nodata white; and its grid.

    Raises:
        InputFileError: if the raster cannot be read.
    """
    try:
        with rasterio.open(path) as source:
            factor = max(1.0, max(source.shape) / max_side)
            shape = tuple(math.ceil(side / factor) for side in source.shape)
            bands = source.read((1, 2, 3), out_shape=(3, *shape), masked=True)
            scale = source.width / shape[1], source.height / shape[0]
            transform = source.transform @ Affine.scale(*scale)
            grid = RasterGrid(source.crs, transform, shape)
    except rasterio.errors.RasterioError as error:
        raise InputFileError(
            f'{path} cannot be drawn ({error}); give the image that was mapped'
        ) from error
    colours = np.ones((*shape, 3))
    for index, band in enumerate(bands):
        valid = ~np.ma.getmaskarray(band)
        low, high = np.percentile(band.data[valid], STRETCH_PERCENTILES)
        stretched = (band.data[valid] - low) / max(high - low, 1)
        colours[valid, index] = np.clip(stretched, 0, 1)
    return colours, grid


def read_layers(inventory: Path) -> dict[str, gpd.GeoDataFrame]:
    """Read those of ``LAYERS`` that a GeoPackage has.

    Raises:
        InputFileError: if it cannot be read, or has none of them.
    """
    try:
        names = [name for name, _ in pyogrio.list_layers(inventory)]
    except pyogrio.errors.DataSourceError as error:
        raise InputFileError(
            f'{inventory} cannot be read ({error}); give a GeoPackage that landslide-map wrote'
        ) from error
    layers = {name: gpd.read_file(inventory, layer=name) for name in LAYERS if name in names}
    if not layers:
        raise InputFileError(
            f'{inventory} has the layers {names}, wanted is {next(iter(LAYERS))}; '
            f'give a GeoPackage that landslide-map wrote'
        )
    return layers


def nice_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above ``length``."""
    power = 10.0 ** math.floor(math.log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length)


def draw_inventory(
    image: Path, inventory: Path, target: Path, *, max_side: int = 1600, title: str | None = None
) -> None:
    """Draw outlines over the image, with legend, scale bar and the inventory's totals.

    Args:
        image: the raster that was mapped.
        inventory: GeoPackage with the layer ``landslides`` and perhaps ``rejected``.
        target: picture to write, PNG.
        max_side: most rows or columns of the image that are drawn.
        title: what to write above; None for the image's name.

    Raises:
        InputFileError: if a file cannot be read.
    """
    layers = read_layers(inventory)
    colours, grid = read_backdrop(image, max_side)
    rows, cols = grid.shape
    step_x, step_y = grid.pixel_size
    # Everything is drawn in the picture's own pixels, so that a rotated scene is no exception.
    to_pixels = ~grid.transform
    figure = Figure(figsize=(cols / 100, rows / 100 * step_y / step_x + 0.35), layout='constrained')
    axes = figure.add_subplot()
    axes.imshow(colours, extent=(0, cols, rows, 0), aspect=step_y / step_x, interpolation='nearest')
    for name, table in layers.items():
        colour, label = LAYERS[name]
        outlines = table.to_crs(grid.crs).boundary.affine_transform(to_pixels.to_shapely())
        outlines.plot(ax=axes, color=colour, linewidth=0.8, aspect=None)
        axes.plot([], [], color=colour, linewidth=2, label=f'{label} ({len(table)})')
    _draw_scale_bar(axes, grid)
    axes.legend(loc='upper right', fontsize='x-large')
    landslides = layers['landslides']
    area = landslides['area_m2'].sum() / 1e6
    heading = f'{title or image.name}: {len(landslides)} landslides, {area:.2f} km²'
    axes.set_title(heading, fontsize='xx-large')
    axes.set_axis_off()
    figure.savefig(target, dpi=100)


def _draw_scale_bar(axes: Axes, grid: RasterGrid) -> None:
    """Draw a bar of a round length at the lower left, for the scale at the centre."""
    rows, cols = grid.shape
    step = grid.pixel_size[0]
    length = nice_length(cols * step / 4)
    left, right, row = 0.03 * cols, 0.03 * cols + length / step, 0.96 * rows
    axes.plot([left, right], [row, row], color='white', linewidth=8, solid_capstyle='butt')
    axes.plot([left, right], [row, row], color='black', linewidth=4, solid_capstyle='butt')
    axes.annotate(
        f'{length / 1000:g} km' if length >= 1000 else f'{length:g} m',
        ((left + right) / 2, row),
        xytext=(0, 10),
        textcoords='offset points',
        ha='center',
        color='white',
        weight='bold',
        fontsize='x-large',
    )
