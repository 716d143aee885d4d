"""Shrink a training checkpoint to what a user of the network needs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from dfpenet_mm.engine.safe_checkpoint import load_local_checkpoint
from dfpenet_mm.errors import CheckpointError, OutputError

HALF_MAX = torch.finfo(torch.float16).max


def publish_checkpoint(source: str | Path, target: str | Path) -> int:
    """Write the weights of a checkpoint in half precision, without optimiser and history.

    With mmengine's EMAHook the weights are the averaged ones, as it stores those.

    Args:
        source: checkpoint of a training run.
        target: file to write: ``{'state_dict': tensors, 'meta': {}}``, loadable with
            ``weights_only=True``.

    Returns:
        Size of the file, bytes.

    Raises:
        InputFileError: if ``source`` is missing.
        CheckpointError: if it holds no weights, or one that half precision cannot hold.
        OutputError: if ``target`` exists.
    """
    if Path(target).exists():
        raise OutputError(f'{target} exists; remove it or name another file')
    checkpoint = load_local_checkpoint(str(source), map_location='cpu')
    if 'state_dict' not in checkpoint:
        raise CheckpointError(f'{source} has no state_dict; give a checkpoint of a training run')
    weights = {name: to_half(name, value) for name, value in checkpoint['state_dict'].items()}
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    torch.save({'state_dict': weights, 'meta': {'source': Path(source).name}}, target)
    return Path(target).stat().st_size


def to_half(name: str, value: Tensor) -> Tensor:
    """Return a tensor in half precision; counters stay as they are.

    Raises:
        CheckpointError: if a value would overflow.
    """
    if not value.is_floating_point():
        return value
    if value.abs().max() > HALF_MAX:
        raise CheckpointError(
            f'{name} reaches {value.abs().max():.3g}, half precision ends at {HALF_MAX:.0f}; '
            f'keep this checkpoint in full precision'
        )
    return value.half()
