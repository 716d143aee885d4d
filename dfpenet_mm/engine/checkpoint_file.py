"""Checkpoint files: read as tensors by name, written whole, and shrunk for publication."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import LocalBackend, register_backend
from torch import Tensor

from dfpenet_mm.engine.safe_checkpoint import load_local_checkpoint
from dfpenet_mm.errors import CheckpointError, OutputError
from dfpenet_mm.files import whole_file


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint on the CPU, running no code in it.

    Args:
        path: file of ``{'state_dict': tensors by name}`` or of the tensors alone.

    Returns:
        Tensors by name, in the file's order.

    Raises:
        InputFileError: if the file is missing.
        CheckpointError: if it is damaged or unsafe, holds no state dict, or weights that are NaN
            or infinite.
    """
    content = load_local_checkpoint(str(path), map_location='cpu')
    stored = content.get('state_dict', content) if isinstance(content, Mapping) else content
    fault = _fault(stored)
    if fault:
        raise CheckpointError(
            f'{path} has no state_dict of tensors by name: {fault}; save the network as '
            f"{{'state_dict': model.state_dict()}}"
        )
    broken = not_finite(stored)
    if broken:
        raise CheckpointError(
            f'{path} is of a network that training has ruined: {len(broken)} of {len(stored)} '
            f'tensors hold values that are NaN or infinite, the first is {broken[0]}; give an '
            f'earlier checkpoint, or train again with a lower learning rate'
        )
    return dict(stored)


def not_finite(weights: Mapping[str, Any]) -> list[str]:
    """Name the tensors that hold NaN or infinite values."""
    return [
        name
        for name, value in weights.items()
        if isinstance(value, Tensor)
        and value.is_floating_point()
        and not torch.isfinite(value).all()
    ]


def _read_class_names(path: str | Path) -> dict[str, dict[str, Any]]:
    """Return what a checkpoint tells of its classes as mmsegmentation's meta does, if anything."""
    content = load_local_checkpoint(str(path), map_location='cpu')
    meta = content.get('meta')
    told = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    if not isinstance(told, Mapping) or 'classes' not in told:
        return {}
    return {'dataset_meta': {name: told[name] for name in ('classes', 'palette') if name in told}}


def _fault(stored: Any) -> str | None:
    """Say what keeps an object from being tensors by name; None if nothing does."""
    if not isinstance(stored, Mapping):
        return f'it holds a {type(stored).__name__}'
    if not stored:
        return 'it is empty'
    for name, value in stored.items():
        if not isinstance(name, str):
            return f'its key {name!r} is a {type(name).__name__}'
        if not isinstance(value, Tensor):
            return f'its {name} is a {type(value).__name__}'
    return None


def check_new_file(target: str | Path) -> None:
    """Refuse a name that is taken; a converter asks before its slow work.

    Raises:
        OutputError: if ``target`` exists, as a file or a folder.
    """
    path = Path(target)
    if path.is_dir():
        raise OutputError(f'{path} is a folder; name a file in it')
    if path.exists():
        raise OutputError(f'{path} exists; remove it or name another file')


def save_checkpoint(content: Mapping[str, Any], target: str | Path) -> int:
    """Write a checkpoint to a name that must not exist, whole or not at all.

    Args:
        content: tensors and plain values, so that it loads with ``weights_only=True``.
        target: the file; its folder is made if need be.

    Returns:
        Size of the file, bytes.

    Raises:
        OutputError: if ``target`` exists or the disk refuses.
    """
    check_new_file(target)
    path = Path(target)
    # torch reports a full disk as RuntimeError.
    with (
        whole_file(path, RuntimeError, parents=True, durable=True) as part,
        part.open('wb') as file,
    ):
        torch.save(dict(content), file)
    return path.stat().st_size


@register_backend('atomic', force=True)
class AtomicBackend(LocalBackend):
    """Local files that appear whole or not at all.

    mmengine writes checkpoints in place: one that is being written when the machine stops
    stays behind as a truncated file under its final name.
    ``backend_args=dict(backend='atomic')`` of a hook chooses this backend.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file; until it is complete an older one stays.

        Args:
            obj: its content.
            filepath: its name; the folder is made if need be.

        Raises:
            OutputError: if the disk refuses.
        """
        with whole_file(Path(filepath), parents=True, durable=True) as part:
            part.write_bytes(obj)


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
    weights = {name: _to_half(name, value) for name, value in read_state_dict(source).items()}
    meta = {'source': Path(source).name, **_read_class_names(source)}
    return save_checkpoint({'state_dict': weights, 'meta': meta}, target)


def _to_half(name: str, value: Tensor) -> Tensor:
    """Return a tensor in half precision; counters stay as they are."""
    if not value.is_floating_point() or not value.numel():
        return value
    if value.abs().max() > HALF_MAX:
        raise CheckpointError(
            f'{name} reaches {value.abs().max():.3g}, half precision ends at {HALF_MAX:.0f}; '
            f'keep this checkpoint in full precision'
        )
    return value.half()
