"""Name what a file was made from, so that it is used again for that alone."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dfpenet_mm import __version__

HERE = Path(__file__).resolve().parent
LAYERS = HERE.parents[1] / 'models'
# What computes or rewrites a network beside its own layers.
REWRITERS = (
    'probability_network',
    'openvino_network',
    'openvino_precision',
    'openvino_products',
    'delicate_convolutions',
    'folded_norms',
)


def weights_digest(model: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors, by name, type, shape and value.

    Counters of seen batches are left out: they are not used to predict.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name.endswith('num_batches_tracked'):
            continue
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def network_key(model: nn.Module, settings: Mapping[str, Any]) -> str | None:
    """Name a network and the way it is used.

    Part of it are the weights, the config, the source of the network's own classes and of
    this package's, and the versions of torch and this package.

    Args:
        model: with its config as ``cfg``, as ``load_model`` leaves it.
        settings: plain values that the result depends on as well.

    Returns:
        64 hexadecimal digits; None for a network that does not know its config, which
        cannot be told from another with the same weights.
    """
    config = getattr(model, 'cfg', None)
    if config is None or not config.get('model'):
        return None
    parts = {
        'weights': weights_digest(model),
        'config': repr(config.model.to_dict()),
        'sources': _digest(_source_files(model)),
        'versions': [__version__, torch.__version__, platform.python_version()],
        'settings': dict(settings),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _source_files(model: nn.Module) -> set[Path]:
    """Find what computes the network: its classes' files, and this package's layers."""
    classes = {type(module) for module in model.modules()}
    files = {inspect.getsourcefile(kind) for kind in classes}
    ours = [*LAYERS.rglob('*.py')]
    ours += [HERE / f'{name}.py' for name in REWRITERS]
    return {Path(file) for file in files if file} | set(ours)


def _digest(files: Iterable[Path]) -> str:
    contents = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return hashlib.sha256(''.join(contents).encode()).hexdigest()
