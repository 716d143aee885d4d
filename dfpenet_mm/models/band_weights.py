"""Networks for any number of bands: weights of the first convolution, and the preprocessor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from mmengine.logging import print_log
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.wording import counted

RGB = 3


@MODELS.register_module('AnyBandBackbone')
def any_band_backbone(
    *, network: str, in_channels: int, rgb_weights: str = 'spread', **settings: Any
) -> nn.Module:
    """Build any registered backbone for any number of bands.

    Its parameters keep their names, so that every checkpoint of the backbone serves as before.
    A backbone with ``in_channels`` of its own, or one inside it (``backbone_cfg``), is given them;
    of another, such as MobileNetV2, the one convolution of three bands is widened.

    Args:
        network: type of the backbone.
        in_channels: bands of the images.
        rgb_weights: what becomes of pre-trained weights of three bands, ``'spread'`` or
            ``'repeat'``; see ``BAND_WEIGHTS``.
        **settings: those of the backbone.

    Raises:
        ConfigError: if it has neither, or a value is unknown.
    """
    _check_settings(in_channels, rgb_weights)
    given = {'in_channels': in_channels, 'rgb_weights': rgb_weights}
    cfg = _with_settings({'type': network, **settings}, given)
    backbone = MODELS.build(cfg)
    if cfg == {'type': network, **settings}:
        take_bands(backbone, in_channels, rgb_weights)
    elif in_channels != RGB and 'rgb_weights' not in cfg:
        for conv in backbone.modules():
            if isinstance(conv, nn.Conv2d) and conv.in_channels == in_channels:
                _adapt(conv, rgb_weights)
    return backbone


def _with_settings(cfg: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the config of a backbone with the given settings that it takes, and those inside."""
    component = MODELS.get(cfg['type'])
    # Subclasses pass on what they do not name.
    classes = getattr(component, '__mro__', ())
    names = {name for kind in classes for name in inspect.signature(kind.__init__).parameters}
    inner = cfg.get('backbone_cfg')
    return {
        **cfg,
        **{name: value for name, value in given.items() if name in names},
        **({'backbone_cfg': _with_settings(inner, given)} if inner else {}),
    }


def take_bands(backbone: nn.Module, bands: int, rgb_weights: str = 'spread') -> None:
    """Widen the convolution of a backbone that sees the image, and weights it is given later.

    Weights of three bands are adapted wherever they come from: pre-trained ones of a backbone, a
    trained network in ``load_from``, or ``load_state_dict``. The log says so.

    Args:
        backbone: is changed. Its one convolution of three bands becomes one of ``bands``.
        bands: number of bands wanted.
        rgb_weights: key of ``BAND_WEIGHTS``.

    Raises:
        ConfigError: if there is no such convolution or more, or a value is unknown.
    """
    _check_settings(bands, rgb_weights)
    if bands == RGB:
        return
    convolutions = (module for module in backbone.modules() if isinstance(module, nn.Conv2d))
    found = [conv for conv in convolutions if conv.in_channels == RGB]
    if len(found) != 1:
        count = f'{len(found)} convolutions' if found else 'no convolution'
        raise ConfigError(
            f'{type(backbone).__name__} has {count} of three bands, where one is wanted that '
            f'could be of {bands}; take another backbone, or give it a setting in_channels'
        )
    (first,) = found
    out, _, *kernel = first.weight.shape
    first.in_channels = bands
    learns = first.weight.requires_grad
    first.weight = nn.Parameter(first.weight.new_empty(out, bands, *kernel), requires_grad=learns)
    first.reset_parameters()
    _adapt(first, rgb_weights)


def _check_settings(bands: int, rgb_weights: str) -> None:
    if rgb_weights not in BAND_WEIGHTS or bands < 1:
        raise ConfigError(
            f'the backbone got in_channels {bands} and rgb_weights {rgb_weights!r}; give a number '
            f'of bands above 0 and one of {", ".join(BAND_WEIGHTS)}'
        )


def _adapt(conv: nn.Conv2d, rgb_weights: str) -> None:
    conv.register_load_state_dict_pre_hook(partial(_adapt_weights, rgb_weights=rgb_weights))


def _adapt_weights(
    conv: nn.Conv2d, state_dict: dict[str, Tensor], prefix: str, *_: Any, rgb_weights: str
) -> None:
    name = f'{prefix}weight'
    stored = state_dict.get(name)
    out, _own, *kernel = conv.weight.shape
    if stored is None or stored.shape != (out, RGB, *kernel):
        return
    bands = conv.in_channels
    state_dict[name] = BAND_WEIGHTS[rgb_weights](stored, bands)
    # A convolution that is loaded by itself is only tried.
    if prefix:
        print_log(
            f'{name} of three bands starts {bands} bands (rgb_weights={rgb_weights!r})', 'current'
        )


def spread_bands(weight: Tensor, bands: int) -> Tensor:
    """Give further bands the mean of the colours.

    Args:
        weight: shape (out, 3, k, k).
        bands: number of bands wanted.

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
        bands: number of bands wanted.

    Returns:
        Shape (out, bands, k, k).
    """
    return weight[:, torch.arange(bands) % RGB] * (RGB / bands)


# By setting: a function of the weights of three bands and the number of bands.
BAND_WEIGHTS: Mapping[str, Any] = {'spread': spread_bands, 'repeat': repeat_bands}


@MODELS.register_module()
class AnyBandPreProcessor(SegDataPreProcessor):
    """Normalises, pads and stacks chips; mmseg's own refuses all but one and three bands.

    Args:
        mean: of every band, training units, in the order of ``LoadRasterImage``'s bands.
        std: likewise, above 0.
        **pad_settings: ``size``, ``size_divisor``, ``pad_val``, ``seg_pad_val``, ``test_cfg``
            of mmseg's ``SegDataPreProcessor``. Channels are never swapped.

    Raises:
        ConfigError: if mean and std are not one number a band, or a std is not above 0.
    """

    def __init__(self, *, mean: Sequence[float], std: Sequence[float], **pad_settings: Any) -> None:
        if len(mean) != len(std) or not len(mean) or min(std) <= 0:
            raise ConfigError(
                f'the data preprocessor has mean {list(mean)} and std {list(std)}; give one of '
                f'each a band, std above 0'
            )
        super().__init__(mean=None, std=None, **pad_settings)
        # As the parent class would: it normalises with these where the flag says so.
        for name, values in (('mean', mean), ('std', std)):
            column = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, column, persistent=False)
        self._enable_normalize = True

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Normalise and stack a batch.

        Args:
            data: ``inputs``, tensors of shape (B, H, W), and ``data_samples``.
            training: pad labels too, to ``size``.

        Returns:
            ``inputs``, float32, shape (N, B, H, W), and ``data_samples``.

        Raises:
            ConfigError: if a chip has another number of bands than ``mean``.
        """
        self._require_bands(data['inputs'])
        return super().forward(data, training)

    def _require_bands(self, chips: Sequence[Tensor]) -> None:
        # A single band would be broadcast to all of the network's without a word.
        found = {chip.shape[0] for chip in chips} - {len(self.mean)}
        if found:
            raise ConfigError(
                f'chips have {counted(min(found), "band")} and the data preprocessor '
                f'{counted(len(self.mean), "mean")}; choose as many bands in LoadRasterImage'
            )
