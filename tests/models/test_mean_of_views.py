import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from dfpenet_mm.models import MeanOfViews


class Outputs(nn.Module):
    """Stands where a network stands; the test brings what it would say."""

    def __init__(self, out_channels):
        super().__init__()
        self.out_channels = out_channels
        self.decode_head = nn.Module()
        self.decode_head.threshold = 0.5

    def test_step(self, data):
        """Satisfy mmengine, which looks for it."""


def merged(*views):
    samples = []
    for logits in views:
        sample = SegDataSample(metainfo={'img_path': 'a.png'})
        sample.set_data({'seg_logits': PixelData(data=logits)})
        samples.append(sample)
    (found,) = MeanOfViews(module=Outputs(len(views[0]))).merge_preds([samples])
    return found


def test_softmax_gives_the_mean_back():
    first, second = torch.randn(2, 2, 4, 5)
    found = merged(first, second)
    mean = (first.softmax(dim=0) + second.softmax(dim=0)) / 2
    torch.testing.assert_close(found.seg_logits.data.softmax(dim=0).float(), mean)
    torch.testing.assert_close(found.pred_sem_seg.data.squeeze(), mean.argmax(dim=0))


def test_sigmoid_of_a_single_output_gives_the_mean_back():
    first, second = torch.randn(2, 1, 4, 5)
    found = merged(first, second)
    mean = (first.sigmoid() + second.sigmoid()) / 2
    torch.testing.assert_close(found.seg_logits.data.sigmoid().float(), mean)


def test_probabilities_of_0_and_1_stay():
    sure = torch.tensor([[[200.0]], [[-200.0]]])
    found = merged(sure, sure)
    assert found.seg_logits.data.softmax(dim=0).flatten().tolist() == pytest.approx([1, 0])
