"""DFPENet's decode head."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.models.layers.upsampled_conv import conv_of_joined


@MODELS.register_module()
class DFPEHead(BaseDecodeHead):
    """Two 3x3 convolutions and a 1x1 classifier on the finest level of the pyramid.

    Args:
        in_channels: channels of that level (792 in the paper).
        channels: channels of the two convolutions (256 in the paper).
        num_classes: number of classes, background included.
        in_index: position of that level in the neck's output tuple.
        dropouts: dropout after each of the two convolutions.
        norm_cfg: mmcv config of the normalisation layers.
        loss_decode: one mmseg loss config or several; the default is the paper's
            cross-entropy, averaged over the pixels with a label (Eq. 6).
        ignore_index: label that no loss is taken on.
        sampler: mmseg pixel sampler config.
        init_cfg: mmengine initialisation config; the default is Kaiming.

    Source: section 3.2.4 and Fig. 1. The logits are upsampled to the input by mmseg's
    base class, with aligned corners as everywhere in DFPENet.
    """

    def __init__(
        self,
        *,
        in_channels: int = 792,
        channels: int = 256,
        num_classes: int = 2,
        in_index: int = 0,
        dropouts: Sequence[float] = (0.5, 0.1),
        norm_cfg: dict | None = None,
        loss_decode: dict | list[dict] | None = None,
        ignore_index: int = 255,
        sampler: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            channels,
            num_classes=num_classes,
            # mmseg's own dropout drops whole channels; the paper's drops single values.
            dropout_ratio=0,
            norm_cfg=norm_cfg or {'type': 'BN', 'requires_grad': True},
            in_index=in_index,
            loss_decode=loss_decode or {'type': 'LabelledCrossEntropyLoss'},
            ignore_index=ignore_index,
            sampler=sampler,
            align_corners=True,
            init_cfg=init_cfg or {'type': 'Kaiming', 'layer': 'Conv2d'},
        )
        first, second = dropouts
        self.conv1 = ConvModule(in_channels, channels, 3, padding=1, norm_cfg=self.norm_cfg)
        self.dropout1 = nn.Dropout(first)
        self.conv2 = ConvModule(channels, channels, 3, padding=1, norm_cfg=self.norm_cfg)
        self.dropout2 = nn.Dropout(second)

    def forward(self, inputs: tuple[Tensor | tuple[Tensor, ...], ...]) -> Tensor:
        """Compute logits, shape (N, num_classes, H1, W1), at the size of the finest level.

        Args:
            inputs: the neck's levels. The finest is one feature, or the parts that make it up:
                first one of its size, then coarser ones that are still to be upsampled.
        """
        x = self._transform_inputs(inputs)
        x = conv_of_joined(self.conv1, *x) if isinstance(x, tuple) else self.conv1(x)
        x = self.dropout1(x)
        x = self.dropout2(self.conv2(x))
        # Under autocast the losses' softmax would go on in bfloat16.
        return self.cls_seg(x).float()
