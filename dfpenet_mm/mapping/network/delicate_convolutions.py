"""Find convolutions that bfloat16 would spoil, from the network's own statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch
from torch import Tensor, nn

# Spreads from zero. bfloat16 rounds a value by up to 1/256 of it, so that from here on the
# rounding is a fifth of what the values differ by.
FAR = 50.0


def delicate_convolutions(network: nn.Module) -> dict[str, str]:
    """Name the convolutions whose outputs lie far from zero, compared with how they vary.

    Normalisation takes that distance away, and leaves the rounding of the large values as an
    error of the small differences. One channel of one layer may cost more labels than all
    other rounding: in the shipped network, four of five.

    Args:
        network: with its normalisation not yet folded.

    Returns:
        Names of the normalisations by those of their convolutions, in the network's order.
    """
    norms = dict(network.named_modules())
    return {
        convolution: norm
        for convolution, norm in _normalised(network)
        if norms[norm].running_mean is not None and bool((_distance(norms[norm]) > FAR).any())
    }


def with_predecessors(network: nn.Module, convolutions: Collection[str]) -> set[str]:
    """Add to each convolution the one before it, which in most networks makes its input.

    Args:
        network: holds them.
        convolutions: names of modules.

    Returns:
        Names of modules.
    """
    order = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    before = {
        order[index - 1] for index, name in enumerate(order) if index and name in convolutions
    }
    return before | set(convolutions)


def _distance(norm: nn.BatchNorm2d) -> Tensor:
    return norm.running_mean.abs() / (norm.running_var + norm.eps).sqrt()


def _normalised(network: nn.Module) -> Iterator[tuple[str, str]]:
    """Name every convolution that is followed by a normalisation in its module, and that."""
    for parent, module in network.named_modules():
        convolution = None
        for child_name, child in module.named_children():
            name = f'{parent}.{child_name}' if parent else child_name
            if isinstance(child, nn.Conv2d):
                convolution = name
            elif isinstance(child, nn.BatchNorm2d):
                if convolution:
                    yield convolution, name
                convolution = None


def keep_exact(module: nn.Module) -> None:
    """Let a module compute in float32 under autocast, whatever type its input has.

    Args:
        module: changed in place; of one input.
    """
    forward = module.forward

    def exact_forward(inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            return forward(inputs.float())

    module.forward = exact_forward
