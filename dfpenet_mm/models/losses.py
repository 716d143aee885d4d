"""Losses on which pixels without a label have no effect at all.

mmseg's Dice loss takes label 255 for background, its cross-entropy fails on such labels once
classes are weighed, and its focal loss wants CUDA. These run anywhere, for one or several classes,
and are what the labelled pixels alone would give.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.vocabulary import IGNORED
from dfpenet_mm.wording import counted

TINY = 1e-8


class Pixels(NamedTuple):
    """The labels of a batch's pixels, shape (N, H, W), and what is asked of them.

    Attributes:
        target: classes; 0 where a pixel has no label.
        labelled: True where it has.
        weight: of every pixel; None weighs all alike.
        by_pixel: True for the loss of every pixel, False for one number.
    """

    target: Tensor
    labelled: Tensor
    weight: Tensor | None
    by_pixel: bool


class LabelledLoss(nn.Module, ABC):
    """A loss as mmseg's decode heads call it.

    Args:
        loss_weight: factor of the loss.
        loss_name: its name in the log; ``loss_`` must come first.
    """

    def __init__(self, *, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        seg_logits: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORED,
        reduction_override: str | None = None,
        **_: Any,
    ) -> Tensor:
        """Compute the loss.

        Args:
            seg_logits: shape (N, C, H, W); one channel alone is the logit of class 1.
            label: classes, shape (N, H, W).
            weight: of every pixel, shape (N, H, W), as mmseg's pixel samplers give it.
            ignore_index: label of the pixels to leave out.
            reduction_override: ``'none'`` for the loss of every pixel, which samplers ask for.

        Returns:
            A number; 0 if no pixel is labelled.
        """
        labelled = label != ignore_index
        target = label.where(labelled, 0)
        pixels = Pixels(target, labelled, weight, by_pixel=reduction_override == 'none')
        return self.loss_weight * self.reduce(seg_logits, pixels)

    @abstractmethod
    def reduce(self, seg_logits: Tensor, pixels: Pixels) -> Tensor:
        """Compute the loss without its factor."""


@MODELS.register_module()
class LabelledCrossEntropyLoss(LabelledLoss):
    """Cross-entropy, averaged over the pixels with a label.

    Args:
        class_weight: weight of each class, background first; None weighs all alike. The
            average is a weighted one.
        loss_weight: factor of the loss.
        loss_name: its name in the log; ``loss_`` must come first.

    Source: Eq. 6.
    """

    class_weight: Tensor | None

    def __init__(
        self,
        *,
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_ce',
    ) -> None:
        super().__init__(loss_weight=loss_weight, loss_name=loss_name)
        weights = None if class_weight is None else torch.tensor(class_weight, dtype=torch.float32)
        self.register_buffer('class_weight', weights, persistent=False)

    def reduce(self, seg_logits: Tensor, pixels: Pixels) -> Tensor:
        """Average over the labelled pixels, shape (); or none of it, shape (N, H, W)."""
        share = pixels.labelled.to(torch.float32)
        if self.class_weight is not None:
            classes, weights = max(seg_logits.shape[1], 2), len(self.class_weight)
            if weights != classes:
                raise ConfigError(
                    f'class_weight of the loss has {counted(weights, "number")} and the network '
                    f'{classes} classes; give one for each'
                )
            share = share * self.class_weight[pixels.target]
        loss = self.of_pixels(seg_logits, pixels.target) * share
        loss = loss if pixels.weight is None else loss * pixels.weight
        return loss if pixels.by_pixel else loss.sum() / _positive(share.sum())

    def of_pixels(self, seg_logits: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of every pixel, shape (N, H, W)."""
        if seg_logits.shape[1] == 1:
            logits = seg_logits[:, 0]
            return binary_cross_entropy_with_logits(
                logits, target.to(logits.dtype), reduction='none'
            )
        return cross_entropy(seg_logits, target, reduction='none')


@MODELS.register_module()
class LabelledFocalLoss(LabelledCrossEntropyLoss):
    """Cross-entropy that pays less heed to pixels which are right already.

    Args:
        gamma: how much less; the loss of a pixel whose class has the probability p is multiplied
            by (1 - p) to the power of gamma.
        class_weight: weight of each class, background first; None weighs all alike.
        loss_weight: factor of the loss.
        loss_name: its name in the log; ``loss_`` must come first.

    Source: Lin et al. 2017, Focal loss for dense object detection.
    """

    def __init__(
        self,
        *,
        gamma: float = 2.0,
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_focal',
    ) -> None:
        super().__init__(class_weight=class_weight, loss_weight=loss_weight, loss_name=loss_name)
        self.gamma = gamma

    def of_pixels(self, seg_logits: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of every pixel, shape (N, H, W)."""
        loss = super().of_pixels(seg_logits, target)
        # A root has no finite slope at 0, where a pixel is right beyond doubt.
        return (1 - (-loss).exp()).clamp_min(TINY) ** self.gamma * loss


@MODELS.register_module()
class LabelledDiceLoss(LabelledLoss):
    """1 - Dice of all classes but one in an image, averaged over the images with a label.

    Args:
        left_out: class that the Dice does not count, by default the background, most of an
            image, which it would measure otherwise; None counts every class.
        eps: keeps the Dice finite in an image without such classes.
        loss_weight: factor of the loss.
        loss_name: its name in the log; ``loss_`` must come first.

    Source: Milletari et al. 2016, V-Net (squares in the denominator).
    """

    def __init__(
        self,
        *,
        left_out: int | None = 0,
        eps: float = 1e-3,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_dice',
    ) -> None:
        super().__init__(loss_weight=loss_weight, loss_name=loss_name)
        self.left_out = left_out
        self.eps = eps

    def reduce(self, seg_logits: Tensor, pixels: Pixels) -> Tensor:
        """Average over the images with a labelled pixel, shape ().

        Raises:
            ConfigError: if a sampler asks for single pixels, of which there is no Dice.
        """
        if pixels.weight is not None or pixels.by_pixel:
            raise ConfigError(
                'a Dice loss is one of whole images and cannot be combined with a sampler of '
                'pixels; take the sampler or the loss out of the decode head'
            )
        probability = _class_probabilities(seg_logits)
        classes = probability.shape[1]
        kept = [index for index in range(classes) if index != self.left_out]
        truth = one_hot(pixels.target, classes).permute(0, 3, 1, 2).to(probability.dtype)
        seen = pixels.labelled[:, None]
        probability = (probability[:, kept] * seen).flatten(1)
        truth = (truth[:, kept] * seen).flatten(1)
        common = (probability * truth).sum(1)
        sizes = (probability.square().sum(1) + self.eps) + (truth.square().sum(1) + self.eps)
        counted = pixels.labelled.flatten(1).any(1)
        return ((1 - 2 * common / sizes) * counted).sum() / _positive(counted.sum())


def _class_probabilities(seg_logits: Tensor) -> Tensor:
    """Turn logits, (N, C, H, W), into probabilities of all classes, (N, max(C, 2), H, W)."""
    if seg_logits.shape[1] > 1:
        return seg_logits.softmax(dim=1)
    landslide = seg_logits.sigmoid()
    return torch.cat([1 - landslide, landslide], dim=1)


def _positive(total: Tensor) -> Tensor:
    """Return a sum of weights to divide by; 1 for none, whose loss is 0."""
    return total.where(total > 0, 1)
