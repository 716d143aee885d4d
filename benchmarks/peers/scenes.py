"""The scenes that all peers are given, the shipped one mirrored to any size, and their networks.

All are made from the shipped files alone, once, and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from networks import save_seam_network, save_trained_network
from rasterio.windows import Window

from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.resources import shipped_file

SOURCE = Path(__file__).resolve().parents[2] / 'demo' / 'hokkaido_post.tif'
CONFIG = Path('configs/dfpenet/landslide4sense_mobilenetv2.py')
CHECKPOINT = Path('checkpoints/dfpenet_mobilenetv2_landslide4sense.pth')
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


@dataclass(frozen=True, kw_only=True)
class PeerInput:
    """A scene and a network that every peer is given.

    Args:
        scene: GeoTIFF.
        network: TorchScript.
        exact: ``.npy`` of the right probability, where there is one.
        collar: columns of nodata on the left.
    """

    scene: Path
    network: Path
    exact: Path | None = None
    collar: int = 0


def mapping_input(
    folder: Path,
    shape: tuple[int, int],
    *,
    collar: int,
    window: int,
    config: Path = CONFIG,
    checkpoint: Path = CHECKPOINT,
) -> PeerInput:
    """Make the scene to map, and the network; files that are there are kept.

    Args:
        folder: where they lie.
        shape: (rows, cols) of the scene.
        collar: columns of nodata on the left.
        window: side of the windows, pixels.
        config: of the network; the shipped one by default.
        checkpoint: its weights.
    """
    rows, cols = shape
    given = PeerInput(
        scene=folder / f'scene_{cols}x{rows}_{collar}.tif',
        network=folder / f'{checkpoint.stem}_{window}.pt',
        collar=collar,
    )
    if not given.scene.exists():
        make_scene(given.scene, shape, collar, source=SOURCE, config=shipped_file(CONFIG))
    if not given.network.exists():
        save_trained_network(
            given.network, window, config=shipped_file(config), checkpoint=shipped_file(checkpoint)
        )
    return given


def seam_input(folder: Path, side: int, *, window: int) -> PeerInput:
    """Make the scene to look for seams in, its network and the exact answer; see ``mapping_input``.

    Args:
        folder: where they lie.
        side: rows and columns of the scene.
        window: side of the windows, pixels.
    """
    name = f'seam_{side}_{window}'
    given = PeerInput(
        scene=folder / f'seam_{side}.tif',
        network=folder / f'{name}.pt',
        exact=folder / f'{name}.npy',
    )
    if not given.scene.exists():
        make_scene(given.scene, (side, side), 0, source=SOURCE, config=shipped_file(CONFIG))
    if not given.network.exists():
        save_seam_network(given.network, window, scene=given.scene, exact=given.exact)
    return given
