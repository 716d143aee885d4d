"""Fold batch normalisation into the convolutions before it, which predicts the same for less."""

from __future__ import annotations

import copy

import torch
from mmcv.cnn.utils import fuse_conv_bn
from torch import Tensor, nn

# Share of the largest output by which rounding may move an output.
TOLERANCE = 1e-3


def fold_norms(network: nn.Module, probe: Tensor) -> nn.Module | None:
    """Copy a network with its normalisation folded away.

    In evaluation a batch normalisation is a factor and an offset a channel, which the
    convolution before it can take on; upsampling between the two changes nothing, as its
    weights add up to one. Whether each normalisation really follows the convolution it was
    folded into is found by comparing outputs.

    Args:
        network: in evaluation mode; it is not changed.
        probe: an input to compare on, of the network's device.

    Returns:
        The copy, equal to the network but for rounding; None where there is nothing to fold,
        or folding would change what the network predicts.
    """
    if not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        return None
    try:
        folded = fuse_conv_bn(copy.deepcopy(network)).eval()
        with torch.inference_mode():
            before, after = network(probe), folded(probe)
    except (AttributeError, RuntimeError, TypeError):
        # mmcv folds plain convolutions and normalisations with weights only.
        return None
    scale = before.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    return folded if bool((after - before).abs().max() <= TOLERANCE * scale) else None
