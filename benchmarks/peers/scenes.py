"""The scene that all peers are given: the shipped one, mirrored to any size.

A function of the shipped image alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene

TILE = 512


def mirrored(rows: np.ndarray, cols: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Take pixels of an image that is mirrored endlessly.

    Args:
        rows: rows wanted, shape (R,).
        cols: columns wanted, shape (C,).
        image: shape (B, H, W).

    Returns:
        Shape (B, R, C).
    """

    def fold(index: np.ndarray, size: int) -> np.ndarray:
        index = index % (2 * size)
        return np.where(index < size, index, 2 * size - 1 - index)

    return image[:, fold(rows, image.shape[1])][:, :, fold(cols, image.shape[2])]


def make_scene(
    path: Path, shape: tuple[int, int], collar: int, *, source: Path, config: Path
) -> None:
    """Write a scene of the shipped image, mirrored, in its network's units.

    Args:
        path: GeoTIFF to write: three bands, uint8, tiled, deflated; 0 is nodata.
        shape: (rows, cols).
        collar: columns of nodata on the left.
        source: the shipped image.
        config: config of its network, whose scaling is applied.
    """
    mapping = load_config(config).mapping
    with Scene(source, bands=mapping.bands) as scene:
        scaling = build_scaling(mapping.scaling).fit(scene)
        bands, _ = scene.read(Window(0, 0, scene.shape[1], scene.shape[0]))
    # 0 is left to nodata, and the source's own nodata becomes dark ground.
    image = np.clip(np.rint(scaling.apply(bands)), 1, 255).astype(np.uint8)
    height, width = shape
    profile = {
        **{'driver': 'GTiff', 'width': width, 'height': height, 'count': 3, 'dtype': 'uint8'},
        **{'tiled': True, 'blockxsize': TILE, 'blockysize': TILE, 'compress': 'DEFLATE'},
        **{'crs': 'EPSG:32654', 'transform': Affine(10, 0, 500_000, 0, -10, 4_700_000)},
    }
    with rasterio.open(path, 'w', **profile, nodata=0) as dataset:
        for row in range(0, height, TILE):
            rows = np.arange(row, min(row + TILE, height))
            strip = mirrored(rows, np.arange(width), image)
            strip[:, :, :collar] = 0
            dataset.write(strip, window=Window(0, row, width, len(rows)))
