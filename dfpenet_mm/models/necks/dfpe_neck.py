"""DFPENet's decoder pyramid: lateral convolutions, feature filters, dense top-down links."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from dfpenet_mm.models.layers import ASPP, FeatureFilter
from dfpenet_mm.models.layers.upsampled_conv import conv_of_joined, upsample_to


@MODELS.register_module()
class DFPENeck(BaseModule):
    """Dense top-down feature pyramid over any backbone with four levels.

    Args:
        in_channels: channels of the backbone's F1, F2, F3 and of the feature under ASPP.
        in_index: positions of those four in the backbone's output tuple.
        lateral_channels: channels that F1, F2 and F3 are brought to.
        channels: channels of X4, X3 and X2 (256 in the paper).
        aspp_dilations: dilations of the ASPP branches.
        aspp_dropout: dropout on X4.
        dense_pyramid: the dense top-down pyramid (DFPM). Without it only F2 is fused
            with X4, which is the decoder of DeepLabv3+.
        attention_gate: the attention gate (AGM) in every feature filter.
        gated_conv: the gated convolution (GCN) in every feature filter.
        join_finest: return X1 as one feature. ``DFPEHead`` also takes its parts, and computes
            the same from them at a fraction of the cost.
        norm_cfg: mmcv config of the normalisation layers.
        init_cfg: mmengine initialisation config; the default is Kaiming.

    Raises:
        ValueError: if there are not four inputs and three laterals.

    Source: sections 3.2.2 and 3.2.3, Eqs. 1-5; the switches are the rows of Table 1.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (64, 256, 512, 2048),
        in_index: Sequence[int] = (0, 1, 2, 4),
        lateral_channels: Sequence[int] = (24, 96, 192),
        channels: int = 256,
        aspp_dilations: Sequence[int] = (1, 6, 12, 18),
        aspp_dropout: float = 0.5,
        dense_pyramid: bool = True,
        attention_gate: bool = True,
        gated_conv: bool = True,
        join_finest: bool = True,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or {'type': 'Kaiming', 'layer': 'Conv2d'})
        if len(in_channels) != 4 or len(in_index) != 4 or len(lateral_channels) != 3:
            raise ValueError(
                f'got in_channels {tuple(in_channels)}, in_index {tuple(in_index)} and '
                f'lateral_channels {tuple(lateral_channels)}; wanted are four, four and three'
            )
        norm_cfg = norm_cfg or {'type': 'BN', 'requires_grad': True}
        self.in_index = tuple(in_index)
        self.dense_pyramid = dense_pyramid
        self.join_finest = join_finest
        self.aspp = ASPP(
            in_channels=in_channels[3],
            channels=channels,
            dilations=aspp_dilations,
            dropout=aspp_dropout,
            norm_cfg=norm_cfg,
        )
        levels = (1, 2, 3) if dense_pyramid else (2,)
        for t in levels:
            low = lateral_channels[t - 1]
            lateral = ConvModule(in_channels[t - 1], low, 1, norm_cfg=norm_cfg)
            self.add_module(f'lateral{t}', lateral)
            feature_filter = FeatureFilter(
                high_channels=channels,
                low_channels=low,
                attention_gate=attention_gate,
                gated_conv=gated_conv,
                norm_cfg=norm_cfg,
            )
            self.add_module(f'filter{t}', feature_filter)
        filtered = [channels + low for low in lateral_channels]
        if dense_pyramid:
            self.fuse3 = ConvModule(filtered[2], channels, 3, padding=1, norm_cfg=norm_cfg)
            self.fuse2 = ConvModule(
                filtered[1] + channels, channels, 3, padding=1, norm_cfg=norm_cfg
            )
        self.out_channels = filtered[0] + 2 * channels if dense_pyramid else filtered[1]

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor | tuple[Tensor, ...], ...]:
        """Compute the pyramid.

        Args:
            features: the backbone's outputs.

        Returns:
            (X1, X2, X3, X4), finest first. X1 has ``3 * channels + lateral_channels[0]``
            channels (792 in the paper) at the size of F1. Without the dense pyramid
            (X2, X4), where X2 has ``channels + lateral_channels[1]`` channels. With
            ``join_finest=False`` X1 is the tuple (P1, X3, X4) that Eq. 4 joins.
        """
        f1, f2, f3, f4 = (features[i] for i in self.in_index)
        x4 = self.aspp(f4)
        if not self.dense_pyramid:
            return self.filter2(x4, self.lateral2(f2)), x4

        p3 = self.filter3(x4, self.lateral3(f3))
        x3 = self.fuse3(p3)  # Eq. 5
        p2 = self.filter2(x3, self.lateral2(f2))
        x2 = conv_of_joined(self.fuse2, p2, x4)  # Eqs. 4-5
        p1 = self.filter1(x2, self.lateral1(f1))
        if not self.join_finest:
            return (p1, x3, x4), x2, x3, x4
        x1 = torch.cat([p1, upsample_to(x3, f1), upsample_to(x4, f1)], dim=1)  # Eq. 4
        return x1, x2, x3, x4
