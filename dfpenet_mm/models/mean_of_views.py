"""A network averaged over several views of an image, whose mean probability stays readable."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@MODELS.register_module()
class MeanOfViews(SegTTAModel):
    """``SegTTAModel`` that keeps what it has averaged.

    mmseg's own leaves the logits of the last view beside the prediction of all, so that nobody
    can tell how sure the mean was. Here ``seg_logits`` are logits of the mean probability: their
    softmax, or the sigmoid of a single output, gives it back. Settings are those of mmseg's.
    """

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Average the views of every image.

        Args:
            data_samples_list: the views of each image, turned back.

        Returns:
            One sample an image, with the predicted classes and the logits of their mean.
        """
        means = [_mean_logits(views) for views in data_samples_list]
        merged = super().merge_preds(data_samples_list)
        for sample, logits in zip(merged, means, strict=True):
            sample.set_data({'seg_logits': PixelData(data=logits)})
        return merged


def _mean_logits(views: Sequence[SegDataSample]) -> torch.Tensor:
    # In double precision, so that what is more probable keeps the larger logit.
    logits = torch.stack([view.seg_logits.data for view in views]).double()
    if logits.shape[1] == 1:
        return torch.logit(logits.sigmoid().mean(dim=0))
    return logits.softmax(dim=1).mean(dim=0).log()
