"""DFPENet's decoder pyramid: ASPP, lateral convolutions, feature filters, dense top-down links."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.dist import get_world_size
from mmengine.model import BaseModule, initialize
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models.feature_filter import FeatureFilter, fitting_norm
from dfpenet_mm.models.upsampled_conv import conv_of_joined, upsample_to

# Section 3.2.5. The paper names no fan; mmengine's default is that of the outputs.
KAIMING_UNIFORM = {'type': 'Kaiming', 'layer': 'Conv2d', 'distribution': 'uniform'}


class ASPP(BaseModule):
    """Parallel dilated convolutions and image pooling, joined by a 1x1 convolution.

    Pooling leaves one value a channel and image, of which a batch of one has no deviation: there
    its batch normalisation takes the running statistics in training too, and leaves them as
    they are. Instance normalisation has nothing to go by there, and is left out.

    Args:
        in_channels: channels of the coarsest backbone feature.
        channels: channels of every branch and of the output.
        dilations: dilation of each branch; 1 gives a 1x1 convolution, others 3x3.
        dropout: share of output values dropped while training.
        norm_cfg: mmcv config of the normalisation layers.

    Source: section 3.2.1; Chen et al. 2018, Encoder-decoder with atrous separable
    convolution for semantic image segmentation.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        dilations: Sequence[int] = (1, 6, 12, 18),
        dropout: float = 0.5,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        norm_cfg = fitting_norm(norm_cfg, channels)
        relu = {'type': 'ReLU'}
        self.branches = ASPPModule(tuple(dilations), in_channels, channels, None, norm_cfg, relu)
        self.image_pool = ConvModule(in_channels, channels, 1, norm_cfg=norm_cfg)
        if isinstance(self.image_pool.norm, _InstanceNorm):
            self.image_pool = ConvModule(in_channels, channels, 1)
        self.project = ConvModule((len(dilations) + 1) * channels, channels, 1, norm_cfg=norm_cfg)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, channels, H, W)."""
        pooled = self._pool(x)
        pooled = interpolate(pooled, size=x.shape[2:], mode='bilinear', align_corners=True)
        return self.dropout(self.project(torch.cat([*self.branches(x), pooled], dim=1)))

    def _pool(self, x: Tensor) -> Tensor:
        norm = self.image_pool.norm
        mean = x.mean(dim=(2, 3), keepdim=True)
        if not (self.training and len(x) == 1 and isinstance(norm, _BatchNorm)):
            return self.image_pool(mean)
        # SyncBN sees the other processes' images too.
        if isinstance(norm, nn.SyncBatchNorm) and get_world_size() > 1:
            return self.image_pool(mean)
        was_training = norm.training
        try:
            return self.image_pool.train(False)(mean)
        finally:
            self.image_pool.train(was_training)


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
        join_finest: return X1, which any head takes. Without it the finest level is P1, from
            which ``DFPEHead`` computes the same at a fraction of the cost.
        norm_cfg: mmcv config of the normalisation layers. A group norm takes fewer groups where
            they do not divide the channels, as the gates' single one.
        init_cfg: mmengine initialisation config; the default is Kaiming's uniform.

    Attributes:
        out_channels: channels of X1, which is what ``DFPEHead`` wants for ``in_channels``.
        level_channels: channels of every level that is returned, finest first; for other heads.

    Raises:
        ConfigError: if there are not four inputs and three laterals.

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
        super().__init__(init_cfg or KAIMING_UNIFORM)
        if len(in_channels) != 4 or len(in_index) != 4 or len(lateral_channels) != 3:
            raise ConfigError(
                f'DFPENeck got in_channels {tuple(in_channels)}, in_index {tuple(in_index)} and '
                f'lateral_channels {tuple(lateral_channels)}; wanted are four, four and three'
            )
        norm_cfg = norm_cfg or {'type': 'BN', 'requires_grad': True}
        self.in_index = tuple(in_index)
        self.dense_pyramid = dense_pyramid
        self.join_finest = join_finest

        def convolution(inputs: int, outputs: int, size: int) -> ConvModule:
            norm = fitting_norm(norm_cfg, outputs)
            return ConvModule(inputs, outputs, size, padding=size // 2, norm_cfg=norm)

        def feature_filter(low_channels: int) -> FeatureFilter:
            return FeatureFilter(
                high_channels=channels,
                low_channels=low_channels,
                attention_gate=attention_gate,
                gated_conv=gated_conv,
                norm_cfg=norm_cfg,
            )

        self.aspp = ASPP(
            in_channels=in_channels[3],
            channels=channels,
            dilations=aspp_dilations,
            dropout=aspp_dropout,
            norm_cfg=norm_cfg,
        )
        low1, low2, low3 = lateral_channels
        # In this order, which a seed's random weights follow.
        if dense_pyramid:
            self.lateral1 = convolution(in_channels[0], low1, 1)
            self.filter1 = feature_filter(low1)
        self.lateral2 = convolution(in_channels[1], low2, 1)
        self.filter2 = feature_filter(low2)
        if dense_pyramid:
            self.lateral3 = convolution(in_channels[2], low3, 1)
            self.filter3 = feature_filter(low3)
            self.fuse3 = convolution(channels + low3, channels, 3)
            self.fuse2 = convolution(2 * channels + low2, channels, 3)
        self.out_channels = 3 * channels + low1 if dense_pyramid else channels + low2
        finest = channels + low1 if dense_pyramid and not join_finest else self.out_channels
        self.level_channels = (finest, *[channels] * (3 if dense_pyramid else 1))

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says."""
        super().init_weights()
        # mmcv's ConvModule has drawn its own from a normal distribution, whatever that says.
        initialize(self, self.init_cfg)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            features: the backbone's outputs.

        Returns:
            (X1, X2, X3, X4), finest first. X1 has ``3 * channels + lateral_channels[0]``
            channels (792 in the paper) at the size of F1. With ``join_finest=False`` P1 takes
            its place, ``channels + lateral_channels[0]`` channels of the same size. Without the
            dense pyramid (X2, X4), where X2 has ``channels + lateral_channels[1]`` channels.

        Raises:
            ConfigError: if the backbone has too few outputs.
        """
        if max(self.in_index) >= len(features):
            raise ConfigError(
                f'DFPENeck takes the levels {self.in_index} of the backbone, counted from 0, which '
                f'gives {len(features)}; set in_index of the neck or out_indices of the backbone'
            )
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
            return p1, x2, x3, x4
        x1 = torch.cat([p1, upsample_to(x3, f1), upsample_to(x4, f1)], dim=1)  # Eq. 4
        return x1, x2, x3, x4
