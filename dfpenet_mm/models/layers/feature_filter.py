"""The feature filter: attention gate, gated convolution, and how they join two levels."""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor


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
        self.high = ConvModule(high_channels, mid_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.low = ConvModule(low_channels, mid_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.phi = ConvModule(mid_channels, 1, 1, norm_cfg=norm_cfg, act_cfg=None)

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        """Compute A from two levels of equal size; shape (N, 1, H, W), values in (0, 1)."""
        return self.phi(torch.relu(self.high(high) + self.low(low))).sigmoid()  # Eq. 2


class GatedConvolution(BaseModule):
    """Gate that controls how much of both levels flows on (GCN).

    Args:
        channels: channels of the coarser level.
        norm_cfg: mmcv config of the normalisation layers.

    Source: Eq. 3.
    """

    def __init__(self, *, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.gate = ConvModule(channels, 1, 1, norm_cfg=norm_cfg, act_cfg=None)

    def forward(self, high: Tensor) -> Tensor:
        """Compute G, shape (N, 1, H, W), values in (0, 1)."""
        return self.gate(high).sigmoid()  # Eq. 3


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
        """Filter two levels of equal size.

        Args:
            high: coarser level, already upsampled, shape (N, high_channels, H, W).
            low: finer level, shape (N, low_channels, H, W).

        Returns:
            P, shape (N, high_channels + low_channels, H, W).
        """
        if self.attention is not None:
            low = self.attention(high, low) * low
        joined = torch.cat([high, low], dim=1)
        if self.gate is not None:
            joined = (1 + self.gate(high)) * joined  # Eq. 1
        return joined
