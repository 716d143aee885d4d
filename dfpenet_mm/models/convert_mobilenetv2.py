"""ImageNet weights of torchvision's MobileNetV2, renamed for mmseg's backbone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmseg.models.backbones import MobileNetV2
from torch import Tensor

from dfpenet_mm.engine.checkpoint_file import check_new_file, read_state_dict, save_checkpoint
from dfpenet_mm.errors import CheckpointError


def convert_mobilenetv2(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename tensors by order, which both implementations share, and check every shape.

    Args:
        source: state dict in torchvision's order, under any names; what follows the
            backbone (the last 1x1 convolution and the classifier) is left out.

    Returns:
        State dict of mmseg's ``MobileNetV2``.

    Raises:
        CheckpointError: naming the first tensor that does not fit.
    """
    target = {
        name: tensor
        for name, tensor in MobileNetV2().state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    tensors = [item for item in source.items() if not item[0].endswith('num_batches_tracked')]
    if len(tensors) < len(target):
        raise CheckpointError(
            f'the file has {len(tensors)} tensors, MobileNetV2 has {len(target)}; '
            f'give the weights of torchvision mobilenet_v2 at width 1.0'
        )
    converted = {}
    for (name, wanted), (source_name, given) in zip(target.items(), tensors, strict=False):
        if given.shape != wanted.shape:
            raise CheckpointError(
                f'{source_name} has shape {tuple(given.shape)}, {name} wants '
                f'{tuple(wanted.shape)}; give the weights of torchvision mobilenet_v2 at width 1.0'
            )
        converted[name] = given.clone()
    return converted


def convert_mobilenetv2_file(source: str | Path, target: str | Path) -> None:
    """Convert a file; the folder of ``target`` is made.

    Raises:
        InputFileError: if ``source`` is missing.
        CheckpointError: if it does not load safely or does not fit.
        OutputError: if ``target`` exists or the disk refuses.
    """
    check_new_file(target)
    save_checkpoint({'state_dict': convert_mobilenetv2(read_state_dict(source))}, target)
