"""Load checkpoints without ever running code that they carry.

mmengine falls back to full unpickling when a file holds more than tensors. Importing this
module replaces its local loader, and what its other loaders read files with, by one that
refuses instead. Downloads: ``dfpenet_mm.engine.safe_download``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
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


def resume_types_allowed() -> AbstractContextManager:
    """Let ``weights_only`` loading build the types that resuming needs, and no others."""
    return torch.serialization.safe_globals(RESUME_TYPES)


def unsafe_or_damaged(name: str, error: Exception) -> CheckpointError:
    """Return the complaint about a checkpoint that did not load."""
    return CheckpointError(
        f'checkpoint {name} cannot be loaded safely ({type(error).__name__}); give one that '
        f'holds only tensors and plain values, and check that it is complete'
    )


def load_safely(file: str | Path | BinaryIO, map_location: Any = None, **_: Any) -> Any:
    """Load a checkpoint with ``weights_only=True``, whatever else a caller asks for.

    Args:
        file: path or open file.
        map_location: as of ``torch.load``.

    Returns:
        What the file holds.

    Raises:
        CheckpointError: if it is not a checkpoint, or holds anything but tensors, plain
            values and the few types that resuming needs.
    """
    try:
        with resume_types_allowed():
            return torch.load(file, map_location=map_location, weights_only=True)
    except Exception as error:
        # Damage shows up as almost any exception: pickle's, zipfile's, RuntimeError, EOFError.
        raise unsafe_or_damaged(str(file), error) from error


def load_local_checkpoint(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file with ``weights_only=True``.

    Args:
        filename: path of a ``.pth`` file.
        map_location: as of ``torch.load``.

    Returns:
        The checkpoint's dictionary.

    Raises:
        InputFileError: if there is no such file.
        CheckpointError: if it does not load safely.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise InputFileError(f'checkpoint {path} does not exist; check its path')
    return load_safely(path, map_location)


CheckpointLoader.register_scheme(prefixes='', loader=load_local_checkpoint, force=True)
# The loaders of model zoos and object stores read their files with this function.
mmengine_checkpoint._safe_torch_load = load_safely
