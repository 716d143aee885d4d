import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn


def head(**changes):
    return MODELS.build({'type': 'DFPEHead', 'in_channels': 7, 'channels': 4} | changes)


def test_layers_and_dropouts_are_the_papers():
    module = head(num_classes=6)
    assert [d.p for d in (module.dropout1, module.dropout2)] == [0.5, 0.1]
    assert type(module.dropout1) is nn.Dropout
    assert module.conv_seg.out_channels == 6
    assert module.align_corners


def test_paper_head_has_its_parameters():
    # 3x3 792->256 and 3x3 256->256 with BatchNorm, 1x1 256->2 with bias
    count = sum(p.numel() for p in MODELS.build({'type': 'DFPEHead'}).parameters())
    assert count == 9 * 792 * 256 + 512 + 9 * 256 * 256 + 512 + 2 * 256 + 2


def test_loss_ignores_255_and_reaches_every_parameter():
    module = head().train()
    label = torch.full((1, 8, 8), 255)
    label[:, :4] = 1
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    levels = (torch.randn(1, 7, 4, 4, generator=torch.Generator().manual_seed(0)),)
    module.loss(levels, [sample], {})['loss_ce'].backward()
    assert [n for n, p in module.named_parameters() if p.grad is None] == []
    all_ignored = SegDataSample(gt_sem_seg=PixelData(data=torch.full((1, 8, 8), 255)))
    assert module.loss(levels, [all_ignored], {})['loss_ce'].item() == 0
