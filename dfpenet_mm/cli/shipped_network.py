"""The network that comes with the package, for who gives none."""

from __future__ import annotations

from pathlib import Path

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.resources import checkpoint_dir, config_dir, shipped_file

CONFIG = Path('dfpenet', 'landslide4sense_mobilenetv2.py')
CHECKPOINT = 'dfpenet_mobilenetv2_landslide4sense.pth'


def network_files(config: Path | None, checkpoint: Path | None) -> tuple[Path, Path]:
    """Return the config and the weights to use.

    Args:
        config: as the user gave it; None for the shipped one.
        checkpoint: likewise.

    Raises:
        ConfigError: if one was given without the other.
        InstallError: if this installation carries none.
    """
    if config is None and checkpoint is None:
        return config_dir() / CONFIG, checkpoint_dir() / CHECKPOINT
    if config is None or checkpoint is None:
        raise ConfigError(
            f'{config or checkpoint} was given alone; give CONFIG and the CHECKPOINT that fits it, '
            f'or neither of them for the shipped network, and an image with --post or --pre'
        )
    return shipped_file(config), shipped_file(checkpoint)


def default_backend(device: str) -> tuple[str, str]:
    """Choose what runs the shipped network where nobody asks for anything.

    Not ``auto``, which tries for as long as a small scene takes and whose choice depends on the
    machine: OpenVINO in float32 finds the landslides of PyTorch at a third of the time.

    Args:
        device: such as ``cpu`` or ``cuda:0``.

    Returns:
        A backend for ``--backend``, and a line that says why.
    """
    if device != 'cpu':
        return 'torch', f'torch fp32: PyTorch runs the network on {device}'
    try:
        openvino_library()
    except InstallError as error:
        return 'torch', f'torch fp32, a third as fast as OpenVINO: {error}'
    return 'openvino', (
        'openvino f32: three times as fast as PyTorch, with the same landslides; --backend auto '
        'looks for something faster'
    )


def default_out(post: Path) -> Path:
    """Name the folder of the products of a scene, in the folder where the command runs."""
    return Path(f'landslides_{post.stem}')
