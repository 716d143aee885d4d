"""Backbones for any number of bands, from weights of three."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError

RGB = 3


@MODELS.register_module('AnyBandBackbone')
def any_band_backbone(
    *, network: str, in_channels: int, rgb_weights: str = 'spread', **settings: Any
) -> nn.Module:
    """Build any registered backbone for any number of bands.

    Its parameters keep their names, so that every checkpoint of the backbone serves as before.

    Args:
        network: type of the backbone, such as ``'MobileNetV2'``, which sees three bands by
            default.
        in_channels: bands of the images.
        rgb_weights: what becomes of pre-trained weights of three bands, ``'spread'`` or
            ``'repeat'``; see ``BAND_WEIGHTS``.
        **settings: those of the backbone.

    Raises:
        ConfigError: if it has no first convolution of three bands, or a value is unknown.
    """
    backbone = MODELS.build({'type': network, **settings})
    take_bands(backbone, in_channels, rgb_weights)
    return backbone


def take_bands(backbone: nn.Module, bands: int, rgb_weights: str = 'spread') -> None:
    """Widen the first convolution of a backbone, and whatever weights it is given later.

    Weights of three bands are adapted wherever they come from: pre-trained ones of a backbone, a
    trained network in ``load_from``, or ``load_state_dict``. The log says so.

    Args:
        backbone: is changed. Its first convolution of three bands becomes one of ``bands``.
        bands: how many there shall be.
        rgb_weights: key of ``BAND_WEIGHTS``.

    Raises:
        ConfigError: if there is no such convolution, or a value is unknown.
    """
    if rgb_weights not in BAND_WEIGHTS or bands < 1:
        raise ConfigError(
            f'the backbone got in_channels {bands} and rgb_weights {rgb_weights!r}; give a number '
            f'of bands above 0 and one of {", ".join(BAND_WEIGHTS)}'
        )
    if bands == RGB:
        return
    convolutions = (module for module in backbone.modules() if isinstance(module, nn.Conv2d))
    first = next((conv for conv in convolutions if conv.in_channels == RGB), None)
    if first is None:
        raise ConfigError(
            f'{type(backbone).__name__} has no convolution of three bands that could be one of '
            f'{bands}; take another backbone, or give it its own setting for bands'
        )
    out, _, *kernel = first.weight.shape
    first.in_channels = bands
    learns = first.weight.requires_grad
    first.weight = nn.Parameter(first.weight.new_empty(out, bands, *kernel), requires_grad=learns)
    first.reset_parameters()
    first.register_load_state_dict_pre_hook(partial(_adapt_weights, rgb_weights=rgb_weights))


def _adapt_weights(
    conv: nn.Conv2d, state_dict: dict[str, Tensor], prefix: str, *_: Any, rgb_weights: str
) -> None:
    name = f'{prefix}weight'
    stored = state_dict.get(name)
    if stored is None or stored.ndim != conv.weight.ndim or stored.shape[1] != RGB:
        return
    bands = conv.in_channels
    state_dict[name] = BAND_WEIGHTS[rgb_weights](stored, bands)
    print_log(
        f'{name} of three bands starts {bands} bands (rgb_weights={rgb_weights!r})', 'current'
    )


def spread_bands(weight: Tensor, bands: int) -> Tensor:
    """Give further bands the mean of the colours.

    Args:
        weight: shape (out, 3, k, k).
        bands: how many bands there shall be.

    Returns:
        Shape (out, bands, k, k): the colours' own filters first and their mean for every further
        band; of fewer than three bands each has the mean, as nobody knows which colours they
        are. All times ``3 / bands``, so that equal bands look as three did.
    """
    mean = weight.mean(dim=1, keepdim=True)
    own = weight if bands >= RGB else weight[:, :0]
    further = mean.expand(-1, bands - own.shape[1], -1, -1)
    return torch.cat([own, further], dim=1) * (RGB / bands)


def repeat_bands(weight: Tensor, bands: int) -> Tensor:
    """Give band after band the filters of red, green, blue, red, ..., times ``3 / bands``.

    Args:
        weight: shape (out, 3, k, k).
        bands: how many bands there shall be.

    Returns:
        Shape (out, bands, k, k).
    """
    return weight[:, torch.arange(bands) % RGB] * (RGB / bands)


# By setting: a function of the weights of three bands and the number of bands.
BAND_WEIGHTS: Mapping[str, Any] = {'spread': spread_bands, 'repeat': repeat_bands}
