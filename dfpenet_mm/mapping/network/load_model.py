"""Build a network from its config and fill it from a checkpoint, safely and offline."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmengine.utils import import_modules_from_strings
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.components import register_components
from dfpenet_mm.configs import load_config
from dfpenet_mm.engine.checkpoint_file import read_state_dict
from dfpenet_mm.errors import CheckpointError, ConfigError, DfpenetError
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.network.trial import misfit, reason_of

# Settings by which parts of a network fetch weights of their own.
FETCHING = ('pretrained', 'init_cfg')
NAMED = 3


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


def build_model(config: Config, *, training: bool = False) -> nn.Module:
    """Build ``config.model`` without weights, and see that its parts fit together.

    Args:
        config: with a ``model``.
        training: try its losses as well.

    Raises:
        ConfigError: if there is none, or it cannot be built, or cannot compute.
    """
    name = config.filename or 'the config'
    if not config.get('model'):
        raise ConfigError(f'{name} has no model; give the config that the network was trained with')
    try:
        with DefaultScope.overwrite_default_scope('mmseg'):
            model = MODELS.build(without_fetching(config.model))
    except DfpenetError:
        raise
    except Exception as error:
        # Parts of other packages may fail in any way, and say what is missing.
        package = re.search(r'(\w+) is not installed', str(error))
        mend = (
            f'pip install {package[1]}'
            if package
            else 'mend the config, and list its own modules in custom_imports'
        )
        raise ConfigError(
            f'the model of {name} cannot be built ({reason_of(error)}); {mend}'
        ) from error
    model = revert_sync_batchnorm(model)
    fault = misfit(model, config, training=training)
    if fault:
        raise ConfigError(f'the model of {name} does not work: {fault}; mend it in the config')
    return model


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


def load_settings(
    settings: Mapping[str, Any], checkpoint: str | Path, device: str = 'cpu'
) -> nn.Module:
    """Build a model from the sections of a config, and fill it; see ``load_model``.

    Args:
        settings: ``model``, and ``custom_imports`` if there are any.
        checkpoint: as of ``load_model``.
        device: likewise.
    """
    imports = settings.get('custom_imports')
    if imports:
        import_modules_from_strings(**imports)
    register_components()
    return load_model(Config(dict(settings), filename=None), checkpoint, device)
