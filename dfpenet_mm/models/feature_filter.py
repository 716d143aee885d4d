"""The feature filter: attention gate, gated convolution, and how they join two levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor

from dfpenet_mm.models.upsampled_conv import upsample_to


def fitting_norm(norm_cfg: Mapping[str, Any], channels: int) -> dict[str, Any]:
    """Copy the config of a normalisation, with as many groups as divide the channels.

    A group norm for features of 256 channels has no way with the single one of a gate.
    """
    groups = norm_cfg.get('num_groups')
    return dict(norm_cfg) | ({'num_groups': math.gcd(groups, channels)} if groups else {})


class AttentionGate(BaseModule):
    """Attention of a fine level, guided by the coarser one (AGM).

    Args:
        high_channels: channels of the coarser level.
        low_channels: channels of the finer level.
        mid_channels: channels in which the two are compared (C_int).
        norm_cfg: mmcv config of the normalisation layers.

    Source: Eq. 2.
    """

    def __init__(
        self, *, high_channels: int, low_channels: int, mid_channels: int, norm_cfg: dict
    ) -> None:
        super().__init__()
        self.high = plain_conv(high_channels, mid_channels, norm_cfg)
        self.low = plain_conv(low_channels, mid_channels, norm_cfg)
        self.phi = plain_conv(mid_channels, 1, norm_cfg)

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        """Compute A for two levels; ``high`` may be coarser, A has the size of ``low``.

        Args:
            high: coarser level, shape (N, high_channels, h, w).
            low: finer level, shape (N, low_channels, H, W).

        Returns:
            A, shape (N, 1, H, W), values in (0, 1).
        """
        compared = conv_then_upsample(self.high, high, low) + self.low(low)
        return self.phi(torch.relu(compared)).sigmoid()  # Eq. 2


class GatedConvolution(BaseModule):
    """Gate that controls how much of both levels flows on (GCN).

    Args:
        channels: channels of the coarser level.
        norm_cfg: mmcv config of the normalisation layers.

    Source: Eq. 3.
    """

    def __init__(self, *, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.gate = plain_conv(channels, 1, norm_cfg)

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        """Compute G; ``high`` may be coarser than ``low``.

        Returns:
            G, shape (N, 1, H, W) at the size of ``low``, values in (0, 1).
        """
        return conv_then_upsample(self.gate, high, low).sigmoid()  # Eq. 3


class FeatureFilter(BaseModule):
    """Join a fine level with the coarser one, each weighed by gate and attention.

    Args:
        high_channels: channels of the coarser level.
        low_channels: channels of the finer level.
        attention_gate: use the attention gate; without it A = 1.
        gated_conv: use the gated convolution; without it G = 0.
        norm_cfg: mmcv config of the normalisation layers.

    Source: Eq. 1, its two terms joined by concatenation as in Eq. 4.
    """

    def __init__(
        self,
        *,
        high_channels: int,
        low_channels: int,
        attention_gate: bool = True,
        gated_conv: bool = True,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        self.attention = (
            AttentionGate(
                high_channels=high_channels,
                low_channels=low_channels,
                mid_channels=max(low_channels // 2, 1),
                norm_cfg=norm_cfg,
            )
            if attention_gate
            else None
        )
        self.gate = (
            GatedConvolution(channels=high_channels, norm_cfg=norm_cfg) if gated_conv else None
        )

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        """Filter two levels.

        Args:
            high: coarser level, shape (N, high_channels, h, w); upsampled here.
            low: finer level, shape (N, low_channels, H, W).

        Returns:
            P, shape (N, high_channels + low_channels, H, W).
        """
        gate = 1 if self.gate is None else 1 + self.gate(high, low)
        attention = 1 if self.attention is None else self.attention(high, low)
        return torch.cat([gate * upsample_to(high, low), gate * attention * low], dim=1)  # Eq. 1


def plain_conv(inputs: int, outputs: int, norm_cfg: Mapping[str, Any]) -> ConvModule:
    """Return a 1x1 convolution with its normalisation and no activation."""
    norm = fitting_norm(norm_cfg, outputs)
    return ConvModule(inputs, outputs, 1, norm_cfg=norm, act_cfg=None)


def conv_then_upsample(module: ConvModule, high: Tensor, low: Tensor) -> Tensor:
    """Apply a 1x1 convolution and its normalisation to ``high`` upsampled to ``low``.

    The convolution goes first, which gives the same and costs a fraction; the normalisation
    comes last, as the statistics of a batch change with upsampling.
    """
    return module.norm(upsample_to(module.conv(high), low))
