"""The backend of a run: as asked for, as an unfinished run had it, or the best one here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.network.backend_choice import BackendChoice, choose_backend
from dfpenet_mm.mapping.network.backends import TYPES, backend_config
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.mapping.network.quantised_network import CARD, quantised_beside
from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.record import recorded_predictor
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.run.work_folder import record_of

AUTO = 'auto'
BACKENDS = (*TYPES, AUTO)
# Pixels of the scene on which predictors are timed and compared, and windows at least.
TRIED_PIXELS, TRIED_WINDOWS = 2**19, 4


def set_backend(
    config: Config, request: RunRequest, device: str, *, checkpoint: Path, grid: RasterGrid | None
) -> str | None:
    """Put the backend that a run is to use into its config.

    Args:
        config: its ``mapping.predictor`` is replaced where the request leaves it open or asks
            for another.
        request: of the run.
        checkpoint: weights that fit the config.
        grid: coarser one that the scene is averaged to; None for its own.
        device: such as ``cpu`` or ``cuda:0``.

    Returns:
        Why this backend runs; None where somebody named it.

    Raises:
        ConfigError: if what is asked for does not fit, or the network does not run.
        InputFileError: if a file is missing or damaged.
    """
    asked = request.backend or request.precision or request.quantised
    if not asked and request.config is not None:
        return None
    kept = recorded_predictor(record_of(request.folder)) if request.resume else None
    if kept and request.backend == AUTO and not request.precision:
        if kept.get('quantised'):
            folder = request.quantised or quantised_beside(checkpoint)
            kept['quantised'] = str(folder.absolute())
        config.mapping.predictor = kept
        return f'{kept.get("type")} {kept.get("precision", "")}: what the unfinished run began with'
    backend, reason = (request.backend, None) if asked else default_backend(device)
    chosen = apply_backend(
        config,
        backend=backend,
        precision=request.precision,
        quantised=request.quantised,
        checkpoint=checkpoint,
        post=request.post,
        grid=grid,
        device=device,
    )
    return chosen or reason


def apply_backend(
    config: Config,
    *,
    backend: str | None,
    precision: str | None = None,
    quantised: Path | None = None,
    checkpoint: Path,
    post: Path,
    grid: RasterGrid | None = None,
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
        grid: on which it is read; None for its own.
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
            config,
            settings,
            quantised=found,
            checkpoint=checkpoint,
            post=post,
            grid=grid,
            device=device,
        )
        config.mapping.predictor = ConfigDict(choice.predictor)
        return choice.reason
    if backend or precision or quantised:
        known = {kind: name for name, kind in TYPES.items()}
        name = backend or known.get(str(settings.predictor.get('type')), '')
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
    grid: RasterGrid | None,
    device: str,
) -> BackendChoice:
    with Scene(post, **settings.reading, grid=grid) as scene:
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
