"""Checkpoints of the authors' DFPENet release, renamed for this implementation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor

from dfpenet_mm.engine.safe_checkpoint import load_local_checkpoint
from dfpenet_mm.errors import CheckpointError

# The release numbers its lateral convolutions from coarse to fine: conv1 is level 3.
RENAMES = [
    (r'backbone\.(.+)', r'backbone.\1'),
    (r'aspp\.aspp1\.atrous_conv\.(.+)', r'neck.aspp.branches.0.conv.\1'),
    (r'aspp\.aspp2\.atrous_conv\.(.+)', r'neck.aspp.branches.1.conv.\1'),
    (r'aspp\.aspp3\.atrous_conv\.(.+)', r'neck.aspp.branches.2.conv.\1'),
    (r'aspp\.aspp4\.atrous_conv\.(.+)', r'neck.aspp.branches.3.conv.\1'),
    (r'aspp\.aspp1\.bn\.(.+)', r'neck.aspp.branches.0.bn.\1'),
    (r'aspp\.aspp2\.bn\.(.+)', r'neck.aspp.branches.1.bn.\1'),
    (r'aspp\.aspp3\.bn\.(.+)', r'neck.aspp.branches.2.bn.\1'),
    (r'aspp\.aspp4\.bn\.(.+)', r'neck.aspp.branches.3.bn.\1'),
    (r'aspp\.global_avg_pool\.1\.(.+)', r'neck.aspp.image_pool.conv.\1'),
    (r'aspp\.global_avg_pool\.2\.(.+)', r'neck.aspp.image_pool.bn.\1'),
    (r'aspp\.conv1\.(.+)', r'neck.aspp.project.conv.\1'),
    (r'aspp\.bn1\.(.+)', r'neck.aspp.project.bn.\1'),
    (r'decoder\.conv1\.(.+)', r'neck.lateral3.conv.\1'),
    (r'decoder\.bn1\.(.+)', r'neck.lateral3.bn.\1'),
    (r'decoder\.conv2\.(.+)', r'neck.lateral2.conv.\1'),
    (r'decoder\.bn2\.(.+)', r'neck.lateral2.bn.\1'),
    (r'decoder\.conv3\.(.+)', r'neck.lateral1.conv.\1'),
    (r'decoder\.bn3\.(.+)', r'neck.lateral1.bn.\1'),
    (r'decoder\.Att(\d)\.W_g\.0\.(.+)', r'neck.filter\1.attention.high.conv.\2'),
    (r'decoder\.Att(\d)\.W_g\.1\.(.+)', r'neck.filter\1.attention.high.bn.\2'),
    (r'decoder\.Att(\d)\.W_x\.0\.(.+)', r'neck.filter\1.attention.low.conv.\2'),
    (r'decoder\.Att(\d)\.W_x\.1\.(.+)', r'neck.filter\1.attention.low.bn.\2'),
    (r'decoder\.Att(\d)\.psi\.0\.(.+)', r'neck.filter\1.attention.phi.conv.\2'),
    (r'decoder\.Att(\d)\.psi\.1\.(.+)', r'neck.filter\1.attention.phi.bn.\2'),
    (r'decoder\.Gate(\d)\.gli\.0\.(.+)', r'neck.filter\1.gate.gate.conv.\2'),
    (r'decoder\.Gate(\d)\.gli\.1\.(.+)', r'neck.filter\1.gate.gate.bn.\2'),
    (r'decoder\.third_conv\.0\.(.+)', r'neck.fuse3.conv.\1'),
    (r'decoder\.third_conv\.1\.(.+)', r'neck.fuse3.bn.\1'),
    (r'decoder\.second_conv\.0\.(.+)', r'neck.fuse2.conv.\1'),
    (r'decoder\.second_conv\.1\.(.+)', r'neck.fuse2.bn.\1'),
    (r'decoder\.last_conv\.0\.(.+)', r'decode_head.conv1.conv.\1'),
    (r'decoder\.last_conv\.1\.(.+)', r'decode_head.conv1.bn.\1'),
    (r'decoder\.last_conv\.4\.(.+)', r'decode_head.conv2.conv.\1'),
    (r'decoder\.last_conv\.5\.(.+)', r'decode_head.conv2.bn.\1'),
    (r'decoder\.last_conv\.8\.(.+)', r'decode_head.conv_seg.\1'),
]
CLASSIFIER = 'decoder.last_conv.8.weight'


def rename_release_tensor(name: str) -> str | None:
    """Return this implementation's name of a release tensor; None for a stranger."""
    for pattern, replacement in RENAMES:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, replacement, name)
    return None


def expected_shapes(num_classes: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of DFPENet on ResNet-101 with ``num_classes`` classes."""
    init_default_scope('mmseg')
    with torch.device('meta'):
        parts = {
            'backbone': MODELS.build({'type': 'ResNetStemFeatures', 'depth': 101}),
            'neck': MODELS.build({'type': 'DFPENeck'}),
            'decode_head': MODELS.build({'type': 'DFPEHead', 'num_classes': num_classes}),
        }
    return {
        f'{part}.{name}': tuple(tensor.shape)
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }


def convert_release(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a release state dict and check that none is amiss.

    Args:
        source: state dict as released, with or without a ``module.`` prefix.

    Returns:
        State dict for ``configs/dfpenet/release_2class.py`` or its likes.

    Raises:
        CheckpointError: naming the unknown, missing or misshapen tensors.
    """
    tensors = {name.removeprefix('module.'): tensor for name, tensor in source.items()}
    if CLASSIFIER not in tensors:
        raise CheckpointError(
            f'tensor {CLASSIFIER} is missing; give a checkpoint of the DFPENet release'
        )
    num_classes = tensors[CLASSIFIER].shape[0]
    renamed = {name: rename_release_tensor(name) for name in tensors}
    wanted = expected_shapes(num_classes)
    release_names = {new: old for old, new in renamed.items() if new is not None}

    unknown = [name for name, new in renamed.items() if new not in wanted]
    missing = [name for name in wanted if name not in release_names]
    misshapen = [
        f'{old} {tuple(tensors[old].shape)} instead of {wanted[new]}'
        for new, old in release_names.items()
        if new in wanted and tuple(tensors[old].shape) != wanted[new]
    ]
    problems = [
        f'{len(names)} {kind} ({", ".join(names[:5])}{", ..." if len(names) > 5 else ""})'
        for kind, names in [('unknown', unknown), ('missing', missing), ('misshapen', misshapen)]
        if names
    ]
    if problems:
        raise CheckpointError(
            f'tensors do not fit DFPENet with {num_classes} classes: {"; ".join(problems)}; '
            f'give a complete checkpoint of the DFPENet release on ResNet-101'
        )
    return {new: tensors[old] for new, old in release_names.items()}


def convert_release_file(source: str | Path, target: str | Path) -> int:
    """Convert a checkpoint file and return its number of classes.

    Raises:
        InputFileError: if ``source`` is missing.
        CheckpointError: if it does not load safely, has no ``state_dict``, or does not fit.
    """
    checkpoint = load_local_checkpoint(str(source), map_location='cpu')
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise CheckpointError(
            f'{source} has no state_dict; save it as a dictionary with a state_dict of tensors'
        )
    state_dict = convert_release(checkpoint['state_dict'])
    num_classes = state_dict['decode_head.conv_seg.weight'].shape[0]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    meta = {'source': Path(source).name, 'num_classes': num_classes}
    torch.save({'state_dict': state_dict, 'meta': meta}, target)
    return num_classes
