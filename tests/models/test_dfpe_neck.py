import itertools

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from dfpenet_mm.errors import ConfigError

CHANNELS = (4, 6, 8, 10)
LATERAL = (2, 4, 6)


def neck(**changes):
    settings = {
        'type': 'DFPENeck',
        'in_channels': CHANNELS,
        'in_index': (0, 1, 2, 3),
        'lateral_channels': LATERAL,
        'channels': 5,
    }
    return MODELS.build(settings | changes)


def features(height=32, width=48):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, channels, height // 2**level, width // 2**level, generator=generator)
        for level, channels in enumerate(CHANNELS)
    ]


def test_channels_and_sizes_follow_the_paper():
    x1, x2, x3, x4 = neck()(features())
    assert x1.shape == (2, 3 * 5 + 2, 32, 48)
    assert x2.shape == (2, 5, 16, 24)
    assert x3.shape == (2, 5, 8, 12)
    assert x4.shape == (2, 5, 4, 6)


def test_paper_width_is_792():
    assert MODELS.build({'type': 'DFPENeck'}).out_channels == 792


@pytest.mark.parametrize(('dense', 'attention', 'gate'), itertools.product([True, False], repeat=3))
def test_every_ablation_runs_and_reaches_every_parameter(dense, attention, gate):
    module = neck(dense_pyramid=dense, attention_gate=attention, gated_conv=gate)
    levels = module(features())
    assert levels[0].shape[1] == module.out_channels
    levels[0].square().mean().backward()
    untouched = [name for name, p in module.named_parameters() if p.grad is None]
    assert untouched == []
    names = ' '.join(module.state_dict())
    assert ('attention' in names) == attention
    assert ('gate.gate' in names) == gate
    assert ('fuse3' in names) == dense


def test_wrong_number_of_levels_is_refused():
    with pytest.raises(ConfigError, match='four, four and three'):
        neck(in_index=(0, 1, 2))


def test_backbones_of_odd_sizes_fit():
    module = neck()
    odd = [torch.randn(2, c, h, h) for c, h in zip(CHANNELS, (37, 19, 10, 5), strict=True)]
    assert module(odd)[0].shape[2:] == (37, 37)


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('changes', [{}, {'conv_cfg': {'type': 'Conv2d'}}])
def test_the_head_computes_the_same_from_the_parts_of_the_finest_level(training, changes):
    module = neck(aspp_dropout=0).double().train(training)
    settings = {'type': 'DFPEHead', 'in_channels': 17, 'channels': 4, 'dropouts': (0, 0)}
    head = MODELS.build(settings | changes).double().train(training)
    levels = [feature.double() for feature in features()]
    joined = head(module(levels))
    module.join_finest = False
    parts = module(levels)
    assert [part.shape[1] for part in parts] == [7, 5, 5, 5]
    torch.testing.assert_close(head(parts), joined)


@pytest.mark.parametrize('index', range(4))
@pytest.mark.parametrize('join_finest', [True, False])
def test_mmsegs_head_takes_any_level(index, join_finest):
    module = neck(join_finest=join_finest).train()
    head = MODELS.build(
        {
            'type': 'FCNHead',
            'in_channels': module.level_channels[index],
            'in_index': index,
            'channels': 4,
            'num_classes': 2,
            'norm_cfg': {'type': 'BN'},
        }
    )
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 32, 48, dtype=torch.long)))
    levels = module(features())
    assert [level.shape[1] for level in levels] == list(module.level_channels)
    head.loss(levels, [sample, sample], {})['loss_ce'].backward()
    assert module.aspp.project.conv.weight.grad is not None


@pytest.mark.parametrize('join_finest', [True, False])
def test_a_group_norm_takes_as_many_groups_as_fit(join_finest):
    norm = {'type': 'GN', 'num_groups': 32}
    settings = {'lateral_channels': (24, 96, 192), 'channels': 64, 'join_finest': join_finest}
    module = neck(norm_cfg=norm, **settings)
    head = MODELS.build(
        {'type': 'DFPEHead', 'in_channels': module.out_channels, 'channels': 40, 'norm_cfg': norm}
    )
    norms = (module.filter1.attention.phi.gn, module.lateral1.gn, head.conv1.gn, module.fuse2.gn)
    assert [norm.num_groups for norm in norms] == [1, 8, 8, 32]
    assert torch.isfinite(head(module(features()))).all()


def test_every_convolution_starts_from_kaimings_uniform():
    """Section 3.2.5; its bound is the root of 6 by the fan."""
    module = neck(channels=64)
    head = MODELS.build({'type': 'DFPEHead', 'in_channels': 194, 'channels': 64})
    for part in (module, head):
        part.init_weights()
    attention = module.filter3.attention
    for conv in (module.fuse2.conv, attention.high.conv, head.conv1.conv, head.conv_seg):
        out, _, *kernel = conv.weight.shape
        bound = (6 / (out * torch.tensor(kernel).prod())).sqrt()
        found = conv.weight.abs()
        assert found.max() <= bound
        # Half of a uniform distribution lies beyond half its bound, 38 % of the normal one of
        # the same spread, some of which is beyond the bound.
        assert (found > bound / 2).float().mean() == pytest.approx(0.5, abs=0.09)
