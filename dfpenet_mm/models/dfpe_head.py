"""DFPENet's decode head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import initialize
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models.dfpe_neck import KAIMING_UNIFORM
from dfpenet_mm.models.feature_filter import fitting_norm
from dfpenet_mm.models.upsampled_conv import conv_of_joined, upsample_to
from dfpenet_mm.vocabulary import IGNORED


@MODELS.register_module()
class DFPEHead(BaseDecodeHead):
    """Two 3x3 convolutions and a 1x1 classifier on the finest level of the pyramid.

    Args:
        in_channels: channels of that level, X1 (792 in the paper).
        channels: channels of the two convolutions (256 in the paper).
        num_classes: number of classes, background included.
        out_channels: number of logits; None for one a class, 1 for landslides alone.
        threshold: with a single logit, the probability from which mmseg's own predictions say
            landslide. Mapping has a threshold of its own.
        in_index: position of that level in the neck's output tuple.
        dropouts: dropout of single values after each of the two convolutions.
        dropout_ratio: dropout of whole channels before the classifier, as in mmseg's heads; the
            paper has none.
        conv_cfg: mmcv config of the two convolutions.
        norm_cfg: mmcv config of the normalisation layers.
        act_cfg: mmcv config of the activations; the default is ReLU.
        loss_decode: one loss config or several; the default is the paper's cross-entropy,
            averaged over the pixels with a label (Eq. 6).
        ignore_index: label that no loss is taken on.
        sampler: mmseg pixel sampler config.
        align_corners: how logits are upsampled to the input.
        init_cfg: mmengine initialisation config; the default is Kaiming's uniform.

    Source: section 3.2.4 and Fig. 1. The logits are upsampled to the input by mmseg's
    base class, with aligned corners as everywhere in DFPENet.
    """

    def __init__(
        self,
        *,
        in_channels: int = 792,
        channels: int = 256,
        num_classes: int = 2,
        out_channels: int | None = None,
        threshold: float = 0.5,
        in_index: int = 0,
        dropouts: Sequence[float] = (0.5, 0.1),
        dropout_ratio: float = 0.0,
        conv_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        loss_decode: dict | list[dict] | None = None,
        ignore_index: int = IGNORED,
        sampler: dict | None = None,
        align_corners: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            channels,
            num_classes=num_classes,
            # mmseg's default for two classes comes with advice to have one logit.
            out_channels=out_channels or num_classes,
            threshold=threshold,
            dropout_ratio=dropout_ratio,
            conv_cfg=conv_cfg,
            norm_cfg=fitting_norm(norm_cfg or {'type': 'BN', 'requires_grad': True}, channels),
            act_cfg=act_cfg or {'type': 'ReLU'},
            in_index=in_index,
            loss_decode=loss_decode or {'type': 'LabelledCrossEntropyLoss'},
            ignore_index=ignore_index,
            sampler=sampler,
            align_corners=align_corners,
            init_cfg=init_cfg or KAIMING_UNIFORM,
        )
        first, second = dropouts
        layers = {'conv_cfg': conv_cfg, 'norm_cfg': self.norm_cfg, 'act_cfg': self.act_cfg}
        self.conv1 = ConvModule(in_channels, channels, 3, padding=1, **layers)
        self.dropout1 = nn.Dropout(first)
        self.conv2 = ConvModule(channels, channels, 3, padding=1, **layers)
        self.dropout2 = nn.Dropout(second)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says."""
        super().init_weights()
        # mmcv's ConvModule has drawn its own from a normal distribution, whatever that says.
        initialize(self, self.init_cfg)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute logits, shape (N, out_channels, H1, W1), at the size of the finest level.

        Args:
            inputs: the neck's levels. A finest one without ``in_channels`` channels is P1, and all
                others but the next, which P1 holds, are joined to it (Eq. 4).
        """
        finest, *coarser = inputs[self.in_index :]
        if finest.shape[1] == self.in_channels:
            x = self.conv1(finest)
        else:
            x = self._conv_of_parts(finest, *coarser[1:])
        x = self.dropout1(x)
        x = self.dropout2(self.conv2(x))
        # Under autocast the losses' softmax would go on in bfloat16.
        return self.cls_seg(x).float()

    def _conv_of_parts(self, *parts: Tensor) -> Tensor:
        channels = sum(part.shape[1] for part in parts)
        if channels != self.in_channels:
            raise ConfigError(
                f'DFPEHead has in_channels {self.in_channels}, and the levels it is given have '
                f'{parts[0].shape[1]}, or {channels} joined; set in_channels to that'
            )
        if self.conv_cfg is None:
            return conv_of_joined(self.conv1, *parts)
        return self.conv1(torch.cat([upsample_to(part, parts[0]) for part in parts], dim=1))

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: Sequence) -> dict[str, Tensor]:
        """Compute the losses and the accuracy, in per cent, of a batch.

        Args:
            seg_logits: as ``forward`` gives them.
            batch_data_samples: mmseg's data samples with their ``gt_sem_seg``.
        """
        losses = super().loss_by_feat(seg_logits, batch_data_samples)
        if self.out_channels == 1:
            # mmseg takes the largest of the logits, which is always the only one.
            label = self._stack_batch_gt(batch_data_samples)
            logits = resize(seg_logits, label.shape[2:], None, 'bilinear', self.align_corners)
            found = logits.sigmoid() > self.threshold
            labelled = label != self.ignore_index
            right = ((found == label) & labelled).sum()
            losses['acc_seg'] = 100 * right / labelled.sum().clamp_min(1)
        return losses
