import itertools

import pytest
import torch
from mmseg.registry import MODELS

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
    with pytest.raises(ValueError, match='four, four and three'):
        neck(in_index=(0, 1, 2))


def test_backbones_of_odd_sizes_fit():
    module = neck()
    odd = [torch.randn(2, c, h, h) for c, h in zip(CHANNELS, (37, 19, 10, 5), strict=True)]
    assert module(odd)[0].shape[2:] == (37, 37)


@pytest.mark.parametrize('training', [True, False])
def test_the_head_computes_the_same_from_the_parts_of_the_finest_level(training):
    module = neck(aspp_dropout=0).double().train(training)
    head = MODELS.build({'type': 'DFPEHead', 'in_channels': 17, 'channels': 4, 'dropouts': (0, 0)})
    head.double().train(training)
    levels = [feature.double() for feature in features()]
    joined = head(module(levels))
    module.join_finest = False
    parts = module(levels)
    assert [tuple(part.shape[2:]) for part in parts[0]] == [(32, 48), (8, 12), (4, 6)]
    torch.testing.assert_close(head(parts), joined)
