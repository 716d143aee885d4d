import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from dfpenet_mm.errors import ConfigError


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


def test_arguments_of_mmsegs_base_class_reach_it():
    module = head(
        out_channels=1,
        threshold=0.7,
        align_corners=False,
        dropout_ratio=0.2,
        act_cfg={'type': 'ELU'},
    )
    assert (module.threshold, module.align_corners) == (0.7, False)
    assert module.dropout.p == 0.2
    assert module.conv_seg.out_channels == 1
    assert type(module.conv1.activate) is nn.ELU


def test_a_single_logit_trains_and_its_accuracy_is_told():
    module = head(out_channels=1, dropouts=(0, 0)).train()
    label = torch.ones(1, 8, 8, dtype=torch.long)
    label[:, :2], label[:, 2:4] = 255, 0
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    logits = torch.full((1, 1, 8, 8), 3.0)
    losses = module.loss_by_feat(logits, [sample])
    assert losses['acc_seg'].item() == pytest.approx(100 * 32 / 48)
    levels = (torch.randn(1, 7, 8, 8, generator=torch.Generator().manual_seed(0)),)
    before = module.loss(levels, [sample], {})['loss_ce']
    optimiser = torch.optim.SGD(module.parameters(), lr=0.5)
    for _ in range(20):
        optimiser.zero_grad()
        module.loss(levels, [sample], {})['loss_ce'].backward()
        optimiser.step()
    assert module.loss(levels, [sample], {})['loss_ce'] < before / 2


def test_levels_of_other_channels_are_told():
    levels = [torch.randn(1, width, 4, 4) for width in (4, 2, 2)]
    with pytest.raises(ConfigError, match=r'in_channels 7, .* have 4, or 6 joined'):
        head()(levels)
