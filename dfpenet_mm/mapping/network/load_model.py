"""Build a network from its config and fill it from a checkpoint, safely and offline."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.components import register_components
from dfpenet_mm.engine.checkpoint_file import read_state_dict
from dfpenet_mm.errors import CheckpointError, ConfigError, InputFileError
from dfpenet_mm.mapping.network.device import find_device

# Settings by which parts of a network fetch weights of their own.
FETCHING = ('pretrained', 'init_cfg')
NAMED = 3


def load_config(path: str | Path) -> Config:
    """Read a config; being Python, it runs. The project's own parts are registered before.

    Raises:
        InputFileError: if the file is missing.
        ConfigError: if it cannot be run.
    """
    if not Path(path).exists():
        raise InputFileError(f'config {path} does not exist; check its path')
    register_components()
    try:
        return Config.fromfile(path)
    except Exception as error:
        # A config may fail in any way that a Python program can.
        raise ConfigError(
            f'config {path} cannot be loaded ({type(error).__name__}: {error}); mend it there'
        ) from error


def load_model(
    config: Config | str | Path, checkpoint: str | Path, device: str = 'cpu'
) -> nn.Module:
    """Build the config's model with the checkpoint's weights.

    Args:
        config: an mmengine config or its path, with a ``model``.
        checkpoint: file of ``{'state_dict': tensors}`` or of the tensors alone. It is loaded
            with ``weights_only=True``; half precision becomes float32.
        device: where the model shall be.

    Returns:
        The model in evaluation mode. Nothing was downloaded.

    Raises:
        InputFileError: if a file is missing.
        ConfigError: if the config holds no model that can be built, or the device is not there.
        CheckpointError: if the checkpoint is unsafe or damaged, or does not fit the model.
    """
    place = find_device(device)
    weights = read_state_dict(checkpoint)
    config = config if isinstance(config, Config) else load_config(config)
    model = build_model(config)
    check_fit(model, weights, str(checkpoint))
    # Copied into the model's own tensors, half precision becomes float32.
    model.load_state_dict(weights, strict=False)
    # Where mmseg's own loader leaves it; caches name a network by it.
    model.cfg = config
    return model.to(place).eval()


def build_model(config: Config) -> nn.Module:
    """Build ``config.model`` without weights.

    Raises:
        ConfigError: if there is none, or it cannot be built.
    """
    name = config.filename or 'the config'
    if not config.get('model'):
        raise ConfigError(f'{name} has no model; give the config that the network was trained with')
    try:
        with DefaultScope.overwrite_default_scope('mmseg'):
            model = MODELS.build(without_fetching(config.model))
    except (KeyError, TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise ConfigError(
            f'the model of {name} cannot be built ({type(error).__name__}: {error}); mend the '
            f'config, and list its own modules in custom_imports'
        ) from error
    return revert_sync_batchnorm(model)


def without_fetching(cfg: Any) -> Any:
    """Copy a model config with every setting that fetches or draws weights set to None."""
    if isinstance(cfg, Mapping):
        kept = {key: None if key in FETCHING else without_fetching(cfg[key]) for key in cfg}
        # mmseg reads some settings as attributes, which only a ConfigDict has.
        return ConfigDict(kept)
    if isinstance(cfg, list | tuple):
        return type(cfg)(without_fetching(value) for value in cfg)
    return copy.deepcopy(cfg)


def check_fit(model: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    """Raise unless the weights are the model's, tensor by tensor.

    Counters of seen batches may be missing: they are not used to predict.

    Raises:
        CheckpointError: naming the first tensors that do not fit, and their number.
    """
    wanted = model.state_dict()
    missing = [
        key for key in wanted if key not in weights and not key.endswith('num_batches_tracked')
    ]
    unexpected = [key for key in weights if key not in wanted]
    misshapen = [
        f'{key} is {tuple(weights[key].shape)}, wanted is {tuple(value.shape)}'
        for key, value in wanted.items()
        if key in weights and weights[key].shape != value.shape
    ]
    faults = {'missing': missing, 'unexpected': unexpected, 'misshapen': misshapen}
    if any(faults.values()):
        listed = '; '.join(_list(kind, items) for kind, items in faults.items() if items)
        raise CheckpointError(
            f'checkpoint {name} does not fit its config: {listed}; give the config that it '
            f'was trained with'
        )


def _list(kind: str, items: Iterable[str]) -> str:
    items = list(items)
    rest = ', ...' if len(items) > NAMED else ''
    return f'{len(items)} {kind} tensor(s): {", ".join(items[:NAMED])}{rest}'
