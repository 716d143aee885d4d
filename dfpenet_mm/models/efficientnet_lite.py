"""EfficientNet-Lite as an encoder: no squeeze-and-excitation, ReLU6, stem and head of one width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.models.utils import InvertedResidualV3
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError

# Factors of width and depth by variant.
VARIANTS = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
STEM = 32


class Stage(NamedTuple):
    """A row of blocks of one resolution, as in variant 0."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def lite_stages(variant: int) -> tuple[Stage, ...]:
    """Return the stages of a variant; depth spares the first and the last one, and the stem."""
    width, depth = VARIANTS[variant]
    ends = (0, len(STAGES) - 1)
    return tuple(
        stage._replace(
            blocks=stage.blocks if place in ends else math.ceil(depth * stage.blocks),
            channels=_to_eights(width * stage.channels),
        )
        for place, stage in enumerate(STAGES)
    )


def _to_eights(channels: float) -> int:
    """Round to a multiple of 8 that is no more than a tenth below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """Seven stages of inverted residuals, of which some are returned.

    Weights of the TensorFlow original fit: its strided convolutions pad unevenly, its batch
    normalisation has an epsilon of 1e-3, as the default here. Stages 1 to 7 have strides 2, 4, 8,
    16, 16, 32 and 32; where ``strides`` has a 1 in place of a 2, later stages are dilated.

    Args:
        variant: 0, 1 or 2; of variant 1 the stages have 16, 24, 40, 80, 112, 192 and 320
            channels.
        strides: stride of the first block of each stage; the default ends at stride 16.
        dilations: dilation of the depthwise convolutions of each stage.
        out_indices: stages that are returned, from 0.
        norm_cfg: mmcv config of the normalisation layers.
        init_cfg: mmengine initialisation config.

    Raises:
        ConfigError: if there is no such variant or stage, or not a number for each stage.

    Source: Tan and Le 2019 and the EfficientNet-Lite of TensorFlow's TPU models (Apache-2.0).
    """

    def __init__(
        self,
        *,
        variant: int = 1,
        strides: Sequence[int] = (1, 2, 2, 2, 1, 1, 1),
        dilations: Sequence[int] = (1, 1, 1, 1, 1, 2, 2),
        out_indices: Sequence[int] = (0, 1, 2, 6),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if variant not in VARIANTS:
            raise ConfigError(f'variant is {variant!r}; give one of {sorted(VARIANTS)}')
        if {len(strides), len(dilations)} != {len(STAGES)} or not (
            set(out_indices) <= set(range(len(STAGES)))
        ):
            raise ConfigError(
                f'EfficientNetLite got strides {tuple(strides)}, dilations {tuple(dilations)} and '
                f'out_indices {tuple(out_indices)}; give seven of the first two and stages from '
                f'0 to 6'
            )
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        norm_cfg = norm_cfg or {'type': 'BN', 'eps': 1e-3, 'requires_grad': True}
        layers = {'norm_cfg': norm_cfg, 'act_cfg': {'type': 'ReLU6'}}
        self.stem = ConvModule(
            3, STEM, 3, stride=2, conv_cfg={'type': 'Conv2dAdaptivePadding'}, **layers
        )
        channels = STEM
        stages = []
        for stage, stride, dilation in zip(lite_stages(variant), strides, dilations, strict=True):
            blocks = []
            for number in range(stage.blocks):
                block = InvertedResidualV3(
                    channels,
                    stage.channels,
                    channels * stage.expansion,
                    kernel_size=stage.kernel,
                    stride=1 if number else stride,
                    with_expand_conv=stage.expansion > 1,
                    **layers,
                )
                _dilate(block.depthwise_conv.conv, dilation)
                blocks.append(block)
                channels = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the levels.

        Args:
            x: images, shape (N, 3, H, W), normalised.

        Returns:
            Outputs of the stages of ``out_indices``, in their order.
        """
        x = self.stem(x)
        levels = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in self.out_indices:
                levels.append(x)
        return tuple(levels)


def _dilate(conv: nn.Conv2d, dilation: int) -> None:
    """Spread a convolution of stride 1, which mmseg's block does not offer."""
    if dilation > 1 and conv.stride == (1, 1):
        reach = dilation * (conv.kernel_size[0] // 2)
        conv.dilation, conv.padding = (dilation, dilation), (reach, reach)
