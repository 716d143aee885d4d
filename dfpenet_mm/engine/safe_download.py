"""Download checkpoints without ever running code that they carry.

mmengine unpickles what it downloads. All of its loaders that end in a URL, from ``https://``
to ``torchvision://``, ``openmmlab://`` and ``mmcls://``, fetch it with one function, which
importing this module replaces. Each process of a distributed run still waits for the first.
"""

from __future__ import annotations

from typing import Any
from urllib.error import URLError

import torch
from mmengine.runner import checkpoint as mmengine_checkpoint

from dfpenet_mm.engine.safe_checkpoint import resume_types_allowed, unsafe_or_damaged
from dfpenet_mm.errors import InputFileError


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
        raise unsafe_or_damaged(url, error) from error


mmengine_checkpoint.load_url = load_url_safely
