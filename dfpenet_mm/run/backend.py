"""The network and the backend of a run where the user names none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.mapping.network.backend_choice import Choice, choose_backend
from dfpenet_mm.mapping.network.backends import TYPES, backend_config
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.mapping.network.quantised_network import CARD, quantised_beside
from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.resources import checkpoint_dir, config_dir, shipped_file
from dfpenet_mm.run.settings import MappingSettings

AUTO = 'auto'
BACKENDS = (*TYPES, AUTO)
# Pixels of the scene on which predictors are timed and compared, and windows at least.
TRIED_PIXELS, TRIED_WINDOWS = 2**19, 4


def apply_backend(
    config: Config,
    *,
    backend: str | None,
    precision: str | None = None,
    quantised: Path | None = None,
    checkpoint: Path,
    post: Path,
    device: str,
) -> str | None:
    """Set ``mapping.predictor``, before anything else reads it.

    A run that is resumed must be given the predictor of its record instead, as the choice
    of ``auto`` depends on the machine.

    Args:
        config: its ``mapping.predictor`` is replaced.
        backend: one of ``BACKENDS``; None leaves the config's, with its precision if one is
            given.
        precision: of the backend; not with ``auto``, which chooses it.
        quantised: folder that ``tools/export.py`` wrote; None for the one beside the checkpoint.
        checkpoint: weights that fit the config.
        post: the scene; ``auto`` tries predictors on windows of it.
        device: such as ``cpu`` or ``cuda:0``.

    Returns:
        A line that says what ``auto`` chose and why; None without ``auto``.

    Raises:
        ConfigError: if the options do not fit, or the network does not run.
        InputFileError: if a file is missing or damaged.
    """
    settings = MappingSettings.from_config(config)
    folder = quantised or quantised_beside(checkpoint)
    found = folder if quantised or (folder / CARD).is_file() else None
    if backend == AUTO:
        if precision:
            raise ConfigError(
                f'--precision {precision} was given with --backend auto, which chooses it; '
                f'leave one of them out'
            )
        choice = _choose(
            config, settings, quantised=found, checkpoint=checkpoint, post=post, device=device
        )
        config.mapping.predictor = ConfigDict(choice.predictor)
        return choice.reason
    if backend or precision or quantised:
        known = {kind: name for name, kind in TYPES.items()}
        name = backend or known.get(settings.predictor.get('type'), '')
        if precision == 'int8' and found is None:
            raise ConfigError(
                f'--precision int8 wants a quantised network and {folder} holds none; make one '
                f'with tools/export.py --backend openvino --precision int8, or name it with '
                f'--quantised'
            )
        predictor: dict[str, Any] = backend_config(
            settings.predictor, name, precision=precision, quantised=found
        )
        if quantised and not predictor.get('quantised'):
            raise ConfigError(
                f'--quantised {quantised} was given, but {name} {predictor["precision"]} would '
                f'run; give --backend openvino --precision int8 with it, or --backend auto'
            )
        config.mapping.predictor = ConfigDict(predictor)
    return None


def _choose(
    config: Config,
    settings: MappingSettings,
    *,
    quantised: Path | None,
    checkpoint: Path,
    post: Path,
    device: str,
) -> Choice:
    with Scene(post, **settings.reading) as scene:
        chips = sample_chips(
            scene,
            build_scaling(settings.scaling).fit(scene),
            window=settings.window,
            count=max(TRIED_WINDOWS, TRIED_PIXELS // settings.window**2),
        )
    return choose_backend(
        model=load_model(config, checkpoint, device),
        predictor=settings.predictor,
        chips=chips,
        device=device,
        quantised=quantised,
        threshold=settings.threshold,
    )


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
