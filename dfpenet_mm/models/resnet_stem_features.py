"""ResNet that also gives its stem, as DFPENet's bottom-up pyramid needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import Tensor

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models.band_weights import RGB, take_bands

LAST_STAGE_BLOCKS = {18: 2, 34: 3, 50: 3, 101: 3}


@MODELS.register_module()
class ResNetStemFeatures(ResNet):
    """Bottom-up pyramid F1-F4 of a ResNet with a 7x7 stem.

    Parameter names are torchvision's, so ``torchvision://resnet101`` weights fit.

    Args:
        depth: 18, 34, 50 or 101.
        in_channels: bands of the images. Weights of three bands serve any number.
        rgb_weights: what becomes of such weights, ``'spread'`` (further bands start as the mean
            of the three) or ``'repeat'``; see ``dfpenet_mm.models.band_weights``.
        strides: stride of the first block of each of the four stages. The default gives
            output stride 16.
        last_stage_dilations: dilation of each block of the last stage; the first two are
            used by ResNet-18, which has two blocks there.
        norm_cfg: mmcv config of the normalisation layers.
        norm_eval: keep running statistics fixed while training.
        frozen_stages: -1 none, 0 the stem, n the stem and the first n stages.
        with_cp: trade time for memory by gradient checkpointing.
        init_cfg: mmengine initialisation config.

    Raises:
        ConfigError: if the depth is not one of the four, or a dilation is missing.

    Source: section 3.2.1 and Fig. 2.
    """

    def __init__(
        self,
        *,
        depth: int = 101,
        in_channels: int = RGB,
        rgb_weights: str = 'spread',
        strides: Sequence[int] = (1, 2, 2, 1),
        last_stage_dilations: Sequence[int] = (1, 2, 5),
        norm_cfg: dict | None = None,
        norm_eval: bool = False,
        frozen_stages: int = -1,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if depth not in LAST_STAGE_BLOCKS:
            raise ConfigError(f'depth is {depth}, wanted is one of {sorted(LAST_STAGE_BLOCKS)}')
        blocks = LAST_STAGE_BLOCKS[depth]
        if len(last_stage_dilations) < blocks:
            raise ConfigError(
                f'last_stage_dilations has {len(last_stage_dilations)} values, '
                f'ResNet-{depth} has {blocks} blocks in its last stage; give one for each'
            )
        super().__init__(
            depth=depth,
            in_channels=RGB,
            strides=tuple(strides),
            multi_grid=tuple(last_stage_dilations),
            norm_cfg=norm_cfg or {'type': 'BN', 'requires_grad': True},
            norm_eval=norm_eval,
            frozen_stages=frozen_stages,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        take_bands(self, in_channels, rgb_weights)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Compute the pyramid.

        Args:
            x: images, shape (N, in_channels, H, W), normalised.

        Returns:
            Stem (stride 2, before max-pool) and the outputs of the four stages (strides
            4, 8, 16, 16 by default). The paper's F1, F2, F3 and the input of its ASPP are
            items 0, 1, 2 and 4.
        """
        stem = self.relu(self.norm1(self.conv1(x)))
        features = [stem]
        x = self.maxpool(stem)
        for name in self.res_layers:
            x = getattr(self, name)(x)
            features.append(x)
        return tuple(features)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; unlike mmseg's, return the module as PyTorch does."""
        super().train(mode)
        return self
