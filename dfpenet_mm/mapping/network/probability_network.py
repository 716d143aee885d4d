"""A network from chips to probability, and which of its convolutions bfloat16 would spoil."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dfpenet_mm.components import class_positions
from dfpenet_mm.errors import ConfigError


class ProbabilityNetwork(nn.Module):
    """From chips in training units to their probability of landslide.

    Normalising, the network, resizing to the input and the softmax are all inside, so that a
    file made from it needs nothing beside.

    Args:
        model: a built mmseg ``EncoderDecoder``; it is set to evaluate. Its
            ``data_preprocessor`` normalises; chips carry the bands in the order the
            network sees.
        landslide_class: index of the landslide class among the network's outputs, or indices of
            several kinds of landslide, whose probabilities add up; one output alone is taken for
            its logit.

    Attributes:
        landslide_class: the index, or a list of several.

    Raises:
        ConfigError: if ``landslide_class`` is no whole number and no list of some.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, model: nn.Module, landslide_class: int | Sequence[int] = 1) -> None:
        super().__init__()
        chosen = class_positions('landslide_class', landslide_class)
        self.landslide_class = chosen[0] if len(chosen) == 1 else list(chosen)
        self._chosen = chosen
        self.model: Any = model
        preprocessor = getattr(model, 'data_preprocessor', None)
        mean, std = (_statistic(preprocessor, name) for name in ('mean', 'std'))
        self.normalises = mean is not None and std is not None
        self.register_buffer('mean', mean, persistent=False)
        self.register_buffer('std', std, persistent=False)
        self.eval()

    def forward(self, chips: Tensor) -> Tensor:
        """Predict.

        Args:
            chips: shape (N, B, H, W), float32, training units.

        Returns:
            Probability of landslide, shape (N, H, W), float32.

        Raises:
            ConfigError: if the network has no output ``landslide_class``.
        """
        inputs = (chips - self.mean) / self.std if self.normalises else chips
        shape = tuple(inputs.shape[2:])
        meta = {'img_shape': shape, 'ori_shape': shape, 'pad_shape': shape}
        seg_logits = self.model.encode_decode(inputs, [meta] * len(inputs)).float()
        classes = int(seg_logits.shape[1])
        if classes == 1:
            return seg_logits[:, 0].sigmoid()
        if not 0 <= min(self._chosen) <= max(self._chosen) < classes:
            raise ConfigError(
                f'landslide_class is {self.landslide_class} and the network has {classes} '
                f'classes; give one in [0, {classes - 1}]'
            )
        probabilities = seg_logits.softmax(dim=1)
        first, *others = (probabilities[:, index] for index in self._chosen)
        # Rounding may carry a sum of all classes over one.
        return sum(others, first).clamp(max=1) if others else first


def _statistic(preprocessor: nn.Module | None, name: str) -> Tensor | None:
    """Return ``mean`` or ``std`` of a data preprocessor, shape (B, 1, 1); None if it has none."""
    value = getattr(preprocessor, name, None)
    if not isinstance(value, Tensor):
        return None
    return value.detach().to(torch.float32).reshape(-1, 1, 1)


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
    norms = {
        name: norm for name, norm in network.named_modules() if isinstance(norm, nn.BatchNorm2d)
    }
    return {
        convolution: norm
        for convolution, norm in _normalised(network)
        if _farthest(norms[norm]) > FAR
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


def _farthest(norm: nn.BatchNorm2d) -> float:
    """Return the largest distance from zero of a channel, in spreads; 0 where none is kept."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        return 0.0
    return float((mean.abs() / (variance + norm.eps).sqrt()).max())


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
