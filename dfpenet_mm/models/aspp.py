"""Atrous spatial pyramid pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from .feature_filter import fitting_norm


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
