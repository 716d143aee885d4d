"""A made-up scene for the post-processing benchmark: masks, probability and a reference.

Landslides follow a power law of areas; outlines are smooth random blobs, a third of them drawn
out, one in twenty with a hole. A thousand shapes are stamped over and over at random places,
where some merge. A tenth of the stamps was there before the event; before it there is snow
too, which is gone after. The scene's edges are oblique bands of nodata.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.windows import Window
from skimage.draw import polygon2mask

from dfpenet_mm.vocabulary import NODATA

TILE = 512
CRS, TRANSFORM = 'EPSG:32654', Affine(1.5, 0, 300_000, 0, -1.5, 4_700_000)
SHAPES = 1000
# Pixels; the mean of the power law is 3.4 times the smallest area.
SMALLEST, LARGEST, EXPONENT = 120, 100_000, 1.4
SHARE_BEFORE, SHARE_SNOW = 0.1, 0.05
SHARE_MISSED, SHARE_UNMAPPED = 0.1, 0.1
PROFILE = {
    **{'driver': 'GTiff', 'count': 1, 'crs': CRS, 'transform': TRANSFORM, 'tiled': True},
    **{'blockxsize': TILE, 'blockysize': TILE, 'compress': 'DEFLATE', 'zlevel': 1},
    **{'bigtiff': 'IF_SAFER', 'num_threads': 1},
}
BANDS = {
    'mask': {'dtype': 'uint8', 'nodata': NODATA},
    'pre_mask': {'dtype': 'uint8', 'nodata': NODATA},
    'probability': {'dtype': 'float32', 'nodata': float('nan'), 'predictor': 3},
}


@dataclass(frozen=True)
class Places:
    """Places on a raster where shapes are stamped.

    Args:
        stamps: the shapes.
        kinds: each place's shape, shape (places,).
        corners: its top left pixel (row, col), shape (places, 2), by row.
        luck: two random numbers in [0, 1) that say what it is, shape (2, places).
    """

    stamps: list[Stamp]
    kinds: np.ndarray
    corners: np.ndarray
    luck: np.ndarray

    @property
    def snow(self) -> np.ndarray:
        """Places that show before the event only."""
        return self.luck[0] < SHARE_SNOW

    @property
    def before(self) -> np.ndarray:
        """Places that show before the event."""
        return self.snow | (self.luck[0] > 1 - SHARE_BEFORE)


@dataclass(frozen=True)
class Stamp:
    """One shape: its pixels, shape (rows, cols), and its outline (x, y) in pixels."""

    pixels: np.ndarray
    outline: np.ndarray


def make_scene(folder: Path, rows: int, cols: int, regions: int, seed: int = 1) -> None:
    """Write ``mask.tif``, ``pre_mask.tif``, ``probability.tif`` and ``reference.gpkg``.

    Args:
        folder: where to; must exist.
        rows: of the scene.
        cols: of the scene.
        regions: stamps to set; some merge, so that there are fewer regions.
        seed: of everything random.
    """
    rng = np.random.default_rng(seed)
    corners = np.column_stack([rng.integers(0, rows, regions), rng.integers(0, cols, regions)])
    places = Places(
        [make_stamp(rng) for _ in range(SHAPES)],
        rng.integers(SHAPES, size=regions),
        corners[np.argsort(corners[:, 0], kind='stable')],
        rng.random((2, regions)),
    )
    write_reference(folder / 'reference.gpkg', places, rng)
    write_rasters(folder, (rows, cols), places)


def make_stamp(rng: np.random.Generator) -> Stamp:
    """Draw one shape."""
    area = SMALLEST * rng.random() ** (-1 / EXPONENT)
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    waves = np.arange(2, 12)
    amplitudes = rng.normal(0, 0.35, len(waves)) / waves
    phases = rng.uniform(0, 2 * np.pi, len(waves))
    radius = np.maximum(1 + amplitudes @ np.cos(waves[:, None] * angles + phases[:, None]), 0.2)
    stretch = np.sqrt(rng.uniform(3, 8)) if rng.random() < 1 / 3 else 1.0
    outline = np.column_stack(
        [radius * np.cos(angles) * stretch, radius * np.sin(angles) / stretch]
    )
    turn = rng.uniform(0, np.pi)
    outline @= [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    outline *= np.sqrt(min(area, LARGEST) / shapely.Polygon(outline).area)
    outline -= outline.min(axis=0) - 0.5
    shape = tuple(np.ceil(outline.max(axis=0)).astype(int)[::-1] + 1)
    pixels = polygon2mask(shape, outline[:, ::-1] - 0.5)
    if rng.random() < 1 / 20:
        pixels &= ~polygon2mask(shape, 0.4 * outline[:, ::-1] + 0.3 * np.array(shape))
    return Stamp(pixels, outline)


def write_reference(path: Path, places: Places, rng: np.random.Generator) -> None:
    """Write outlines a little off their stamps; some stamps have none, some outlines no stamp."""
    mapped = (places.luck[1] >= SHARE_MISSED) & ~places.snow
    elsewhere = rng.permuted(places.corners[places.luck[1] > 1 - SHARE_UNMAPPED], axis=0)
    corners = np.concatenate([places.corners[mapped], elsewhere])
    kinds = np.resize(places.kinds[mapped], len(corners))
    offsets = corners[:, ::-1] + rng.normal(0, 1.5, corners.shape)
    points = np.concatenate([places.stamps[kind].outline for kind in kinds])
    points = points.reshape(len(kinds), -1, 2) + offsets[:, np.newaxis]
    points = points * [TRANSFORM.a, TRANSFORM.e] + [TRANSFORM.c, TRANSFORM.f]
    gpd.GeoDataFrame(geometry=shapely.polygons(points), crs=CRS).to_file(path, engine='pyogrio')


def write_rasters(folder: Path, shape: tuple[int, int], places: Places) -> None:
    """Write the three rasters strip by strip; a shape that leaves a strip goes on in the next."""
    rows, cols = shape
    tallest, widest = np.max([stamp.pixels.shape for stamp in places.stamps], axis=0)
    shown = {'mask': ~places.snow, 'pre_mask': places.before}
    layers = {name: np.zeros((TILE + tallest, cols + widest), bool) for name in shown}
    texture = make_texture(cols)
    datasets = {
        name: rasterio.open(
            folder / f'{name}.tif', 'w', height=rows, width=cols, **PROFILE, **BANDS[name]
        )
        for name in BANDS
    }
    for top in range(0, rows, TILE):
        height = min(TILE, rows - top)
        first, last = np.searchsorted(places.corners[:, 0], [top, top + height])
        for name, layer in layers.items():
            for number in np.flatnonzero(shown[name][first:last]) + first:
                pixels, (row, col) = (
                    places.stamps[places.kinds[number]].pixels,
                    places.corners[number],
                )
                part = layer[row - top :, col:][: pixels.shape[0], : pixels.shape[1]]
                part |= pixels
        unknown = nodata_pixels(top, height, shape)
        for name, layer in layers.items():
            values = np.where(unknown, np.uint8(NODATA), layer[:height, :cols].view(np.uint8))
            datasets[name].write(values, 1, window=Window(0, top, cols, height))
        landslide = layers['mask'][:height, :cols]
        values = np.where(landslide, 1 - texture[:height], texture[:height])
        values[unknown] = np.nan
        datasets['probability'].write(values, 1, window=Window(0, top, cols, height))
        for layer in layers.values():
            layer[:-height] = layer[height:]
            layer[-height:] = False
    for dataset in datasets.values():
        dataset.close()


def nodata_pixels(top: int, height: int, shape: tuple[int, int]) -> np.ndarray:
    """Return True, shape (height, cols), left and right of an upright parallelogram."""
    rows, cols = shape
    rim = cols // 20 * (top + np.arange(height)[:, None]) // rows
    col = np.arange(cols)
    return (col < rim) | (col >= cols - cols // 20 + rim)


def make_texture(cols: int) -> np.ndarray:
    """Return one strip of smooth low probability, multiples of 1/65535, shape (TILE, cols)."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(600, 9000, (TILE // 8, -(-cols // 8)))
    return (np.kron(coarse, np.ones((8, 8), int))[:, :cols] / 65535).astype(np.float32)
