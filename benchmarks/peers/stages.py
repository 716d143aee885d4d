"""What one run is given: a scene and a network; made once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from networks import save_seam_network, save_trained_network
from scenes import make_scene

from dfpenet_mm.resources import shipped_file

SOURCE = Path(__file__).resolve().parents[2] / 'demo' / 'hokkaido_post.tif'
CONFIG = Path('configs/dfpenet/landslide4sense_mobilenetv2.py')
CHECKPOINT = Path('checkpoints/dfpenet_mobilenetv2_landslide4sense.pth')


@dataclass(frozen=True, kw_only=True)
class Stage:
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


def mapping_stage(
    folder: Path,
    shape: tuple[int, int],
    *,
    collar: int,
    window: int,
    config: Path = CONFIG,
    checkpoint: Path = CHECKPOINT,
) -> Stage:
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
    stage = Stage(
        scene=folder / f'scene_{cols}x{rows}_{collar}.tif',
        network=folder / f'{checkpoint.stem}_{window}.pt',
        collar=collar,
    )
    if not stage.scene.exists():
        make_scene(stage.scene, shape, collar, source=SOURCE, config=shipped_file(CONFIG))
    if not stage.network.exists():
        save_trained_network(
            stage.network, window, config=shipped_file(config), checkpoint=shipped_file(checkpoint)
        )
    return stage


def seam_stage(folder: Path, side: int, *, window: int) -> Stage:
    """Make the scene to look for seams in, its network and the exact answer; see ``mapping_stage``.

    Args:
        folder: where they lie.
        side: rows and columns of the scene.
        window: side of the windows, pixels.
    """
    name = f'seam_{side}_{window}'
    stage = Stage(
        scene=folder / f'seam_{side}.tif',
        network=folder / f'{name}.pt',
        exact=folder / f'{name}.npy',
    )
    if not stage.scene.exists():
        make_scene(stage.scene, (side, side), 0, source=SOURCE, config=shipped_file(CONFIG))
    if not stage.network.exists():
        save_seam_network(stage.network, window, scene=stage.scene, exact=stage.exact)
    return stage
