"""An inventory drawn over the image it was mapped from."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import matplotlib
import numpy as np
import pyogrio
import rasterio
from affine import Affine
from rasterio.plot import plotting_extent

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid

matplotlib.use('Agg')
from matplotlib import pyplot as plt

# Outline colours of the layers, and what the legend says of them.
LAYERS = {
    'landslides': ('#ffe600', 'landslide'),
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
    figure, axes = plt.subplots(
        figsize=(cols / 100, rows / 100 * step_y / step_x + 0.6), dpi=100, layout='constrained'
    )
    axes.imshow(
        colours,
        extent=plotting_extent(colours[..., 0], grid.transform),
        aspect=step_y / step_x * abs(grid.transform.a / grid.transform.e),
        interpolation='nearest',
    )
    for name, table in layers.items():
        colour, label = LAYERS[name]
        table.to_crs(grid.crs).boundary.plot(ax=axes, color=colour, linewidth=0.7)
        axes.plot([], [], color=colour, label=f'{label} ({len(table)})')
    _draw_scale_bar(axes, grid)
    axes.legend(loc='upper right')
    landslides = layers['landslides']
    area = landslides['area_m2'].sum() / 1e6
    axes.set_title(f'{title or image.name}: {len(landslides)} landslides, {area:.2f} km²')
    axes.set_axis_off()
    figure.savefig(target)
    plt.close(figure)


def _draw_scale_bar(axes: plt.Axes, grid: RasterGrid) -> None:
    """Draw a bar of a round length at the lower left, for the scale at the centre."""
    rows, cols = grid.shape
    step = grid.pixel_size[0]
    length = nice_length(cols * step / 4)
    left, right = 0.03 * cols, 0.03 * cols + length / step
    (x0, y), (x1, _) = (grid.transform @ (col, 0.95 * rows) for col in (left, right))
    axes.plot([x0, x1], [y, y], color='white', linewidth=5, solid_capstyle='butt')
    axes.plot([x0, x1], [y, y], color='black', linewidth=2.5, solid_capstyle='butt')
    text = f'{length / 1000:g} km' if length >= 1000 else f'{length:g} m'
    axes.annotate(
        text,
        ((x0 + x1) / 2, y),
        xytext=(0, 6),
        textcoords='offset points',
        ha='center',
        color='white',
        weight='bold',
    )
