"""Shrink a training checkpoint to what a user of the network needs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from dfpenet_mm.engine.checkpoint_file import (
    check_new_file,
    read_class_names,
    read_state_dict,
    save_checkpoint,
)
from dfpenet_mm.errors import CheckpointError

HALF_MAX = torch.finfo(torch.float16).max


def publish_checkpoint(source: str | Path, target: str | Path) -> int:
    """Write the weights of a checkpoint in half precision, without optimiser and history.

    With mmengine's EMAHook the weights are the averaged ones, as it stores those.

    Args:
        source: checkpoint of a training run.
        target: file to write: ``{'state_dict': tensors, 'meta': {}}``, loadable with
            ``weights_only=True``. Its meta keeps the names and colours of the classes, by which
            mmsegmentation calls what it predicts.

    Returns:
        Size of the file, bytes.

    Raises:
        InputFileError: if ``source`` is missing.
        CheckpointError: if it holds no weights, or one that half precision cannot hold.
        OutputError: if ``target`` exists or the disk refuses.
    """
    check_new_file(target)
    weights = {name: to_half(name, value) for name, value in read_state_dict(source).items()}
    meta = {'source': Path(source).name, **read_class_names(source)}
    return save_checkpoint({'state_dict': weights, 'meta': meta}, target)


def to_half(name: str, value: Tensor) -> Tensor:
    """Return a tensor in half precision; counters stay as they are.

    Raises:
        CheckpointError: if a value would overflow.
    """
    if not value.is_floating_point() or not value.numel():
        return value
    if value.abs().max() > HALF_MAX:
        raise CheckpointError(
            f'{name} reaches {value.abs().max():.3g}, half precision ends at {HALF_MAX:.0f}; '
            f'keep this checkpoint in full precision'
        )
    return value.half()
