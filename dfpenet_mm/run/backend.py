"""The backend of a run: as asked for, as an unfinished run had it, or the best one here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.network.backend_choice import BackendChoice, choose_backend
from dfpenet_mm.mapping.network.backends import TYPES, backend_config
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork, exported_beside
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.resources import CARD, is_exported
from dfpenet_mm.run.network_choice import AUTO
from dfpenet_mm.run.record import recorded_predictor
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.run.work_folder import record_of

BACKENDS = (*TYPES, AUTO)
# Pixels of the scene on which predictors are timed and compared, and windows at least.
TRIED_PIXELS, TRIED_WINDOWS = 2**19, 4


def set_backend(
    config: ConfigSections,
    request: RunRequest,
    device: str,
    *,
    checkpoint: Path,
    grid: RasterGrid | None,
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
    exported = is_exported(checkpoint)
    if not asked and request.config is not None and not exported:
        return None
    kept = recorded_predictor(record_of(request.folder)) if request.resume else None
    if kept and request.backend == AUTO and not request.precision:
        if kept.get('quantised'):
            folder = request.quantised or exported_beside(checkpoint, 'int8')
            kept['quantised'] = str(folder.absolute())
        config['mapping']['predictor'] = kept
        return f'{kept.get("type")} {kept.get("precision", "")}: what the unfinished run began with'
    backend, reason = (
        (request.backend, None) if asked else default_backend(device, exported=exported)
    )
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
    config: ConfigSections,
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
        quantised: folder that ``landslide-map export`` wrote; None for the one beside the
            checkpoint.
        checkpoint: weights that fit the config, or the folder of an exported network.
        post: the scene; ``auto`` tries predictors on windows of it.
        grid: on which it is read; None for its own.
        device: such as ``cpu`` or ``cuda:0``.

    Returns:
        A line that says what ``auto`` chose and why; None without ``auto``.

    Raises:
        ConfigError: if the options do not fit, or the network does not run.
        InputFileError: if a file is missing or damaged.
    """
    if is_exported(checkpoint):
        own = ExportedNetwork.read(checkpoint).precision
        config['mapping']['predictor'] = backend_config(
            MappingSettings.from_config(config).predictor, 'openvino', precision=own
        )
        if own == 'int8':
            return _only_int8(checkpoint, backend, precision)
    settings = MappingSettings.from_config(config)
    folder = quantised or exported_beside(checkpoint, 'int8')
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
        config['mapping']['predictor'] = dict(choice.predictor)
        return choice.reason
    if backend or precision or quantised:
        known = {kind: name for name, kind in TYPES.items()}
        name = backend or known.get(str(settings.predictor.get('type')), '')
        if precision == 'int8' and found is None:
            raise ConfigError(
                f'--precision int8 wants a quantised network and {folder} holds none; make one '
                f'with landslide-map export --precision int8, or name it with --quantised'
            )
        predictor: dict[str, Any] = backend_config(
            settings.predictor, name, precision=precision, quantised=found
        )
        if quantised and not predictor.get('quantised'):
            raise ConfigError(
                f'--quantised {quantised} was given, but {name} {predictor["precision"]} would '
                f'run; give --backend openvino --precision int8 with it, or --backend auto'
            )
        config['mapping']['predictor'] = predictor
    return None


def _only_int8(checkpoint: Path, backend: str | None, precision: str | None) -> str | None:
    """Refuse what a network in int8 cannot do; say why it runs so where ``auto`` has to choose."""
    if backend == 'torch' or precision not in (None, 'int8'):
        raise ConfigError(
            f'{checkpoint} is a network in int8, which OpenVINO alone runs; leave out --backend '
            f'and --precision, or give the network in f32'
        )
    return 'openvino int8: the network is there in nothing else' if backend == AUTO else None


def _choose(
    config: ConfigSections,
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
        model=NetworkSource.of(
            config, checkpoint=checkpoint, predictor=settings.predictor, device=device
        ).load(),
        predictor=settings.predictor,
        chips=chips,
        device=device,
        quantised=quantised,
        threshold=settings.threshold,
    )


def default_backend(device: str, *, exported: bool) -> tuple[str, str]:
    """Choose what runs a network where nobody asks for anything.

    Not ``auto``, which tries for as long as a small scene takes and whose choice depends on the
    machine: OpenVINO in float32 finds the landslides of PyTorch at a third of the time.

    Args:
        device: such as ``cpu`` or ``cuda:0``.
        exported: whether the network is an exported one.

    Returns:
        A backend for ``--backend``, and a line that says why.
    """
    if not exported:
        return 'torch', f'torch fp32: PyTorch runs the network on {device}'
    return 'openvino', (
        'openvino f32: three times as fast as PyTorch, with the same landslides; --backend auto '
        'looks for something faster'
    )
