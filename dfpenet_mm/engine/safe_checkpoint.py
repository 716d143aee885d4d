"""Load checkpoints, from files and addresses, without ever running code that they carry.

mmengine falls back to full unpickling when a file holds more than tensors, and never asks for
anything else of what it downloads. ``refuse_unsafe_checkpoints`` makes it refuse instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import URLError

import mmengine
import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from numpy._core.multiarray import _reconstruct, scalar

from dfpenet_mm.errors import CheckpointError, InputFileError, InstallError

STATISTICS = ('mean', 'max', 'min', 'current')


def _history_statistic(owner: type, name: str) -> Callable:
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
    (_history_statistic, 'builtins.getattr'),
    np.ndarray,
    np.dtype,
    np.dtypes.Float32DType,
    np.dtypes.Float64DType,
    np.dtypes.Int64DType,
    _reconstruct,
    scalar,
]


def resume_types_allowed() -> AbstractContextManager:
    """Let ``weights_only`` loading build the types that resuming needs, and no others."""
    return torch.serialization.safe_globals(RESUME_TYPES)


def _unsafe_or_damaged(name: str, error: Exception) -> CheckpointError:
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
        raise _unsafe_or_damaged(str(file), error) from error


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


def load_url_safely(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True
) -> Any:
    """Download a checkpoint, or take it from torch's cache, and load it with ``weights_only``.

    Args:
        url: where it is.
        model_dir: folder of the cache; None for torch's.
        map_location: as of ``torch.load``.
        progress: whether to show a bar.

    Returns:
        What the file holds.

    Raises:
        InputFileError: if it cannot be downloaded.
        CheckpointError: if it does not load safely.
    """
    try:
        with resume_types_allowed():
            return torch.hub.load_state_dict_from_url(
                url, model_dir, map_location, progress, weights_only=True
            )
    except (URLError, TimeoutError, ConnectionError) as error:
        raise InputFileError(
            f'checkpoint {url} cannot be downloaded ({error}); check the connection, or download '
            f'it by other means and give its path'
        ) from error
    except Exception as error:
        # As in load_safely, damage shows up as almost any exception.
        raise _unsafe_or_damaged(url, error) from error


# Names in mmengine's module of checkpoints and what stands in for them. All of its loaders
# that end in an address, from https:// to torchvision:// and openmmlab://, fetch it with the first.
# Those of model zoos and object stores read their files with the second, which is private.
REPLACED = {'load_url': load_url_safely, '_safe_torch_load': load_safely}


def refuse_unsafe_checkpoints() -> None:
    """Let mmengine load checkpoints with ``weights_only=True`` alone, in this whole process.

    Every command and tool of this project calls it. A program of your own that has mmengine or
    mmsegmentation load files of strangers should call it first; calling it again changes nothing.

    Raises:
        InstallError: if mmengine lacks what is to be replaced, so that nothing would be safe.
    """
    gone = [name for name in REPLACED if not hasattr(mmengine_checkpoint, name)]
    if gone:
        raise InstallError(
            f'mmengine {mmengine.__version__} has no {" and no ".join(gone)}, so that it cannot be '
            f'kept from running code in checkpoints; install a version within the range of setup.py'
        )
    for name, function in REPLACED.items():
        setattr(mmengine_checkpoint, name, function)
    CheckpointLoader.register_scheme(prefixes='', loader=load_local_checkpoint, force=True)
