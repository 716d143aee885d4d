"""Load local checkpoints without ever running code that they carry.

mmengine falls back to full unpickling when a file holds more than tensors. Importing this
module replaces its local loader by one that refuses instead.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from dfpenet_mm.errors import CheckpointError, InputFileError

STATISTICS = ('mean', 'max', 'min', 'current')


def history_statistic(owner: type, name: str) -> Callable:
    """Stand in for the ``getattr`` with which a curve's pickle names its four statistics.

    Raises:
        AttributeError: for anything else, which a harmless file never asks for.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise AttributeError(f'{name} of {owner} is no statistic of a training curve')
    return getattr(owner, name)


# What a training checkpoint of mmengine holds beside tensors and plain values: its
# message hub's curves, kept as NumPy arrays.
RESUME_TYPES = [
    HistoryBuffer,
    (history_statistic, 'builtins.getattr'),
    np.ndarray,
    np.dtype,
    np.dtypes.Float32DType,
    np.dtypes.Float64DType,
    np.dtypes.Int64DType,
    np._core.multiarray._reconstruct,
    np._core.multiarray.scalar,
]


def load_local_checkpoint(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file with ``weights_only=True``.

    Args:
        filename: path of a ``.pth`` file.
        map_location: as of ``torch.load``.

    Returns:
        The checkpoint's dictionary.

    Raises:
        InputFileError: if there is no such file.
        CheckpointError: if it is not a checkpoint, or holds anything but tensors, plain
            values and the few types that resuming needs.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise InputFileError(f'checkpoint {path} does not exist; check its path')
    try:
        with torch.serialization.safe_globals(RESUME_TYPES):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        # Damage shows up as almost any exception: pickle's, zipfile's, RuntimeError, EOFError.
        raise CheckpointError(
            f'checkpoint {path} cannot be loaded safely ({type(error).__name__}); give one that '
            f'holds only tensors and plain values, and check that it is complete'
        ) from error


CheckpointLoader.register_scheme(prefixes='', loader=load_local_checkpoint, force=True)
