"""EfficientNet-Lite beside torchvision's EfficientNet without squeeze and excitation."""

from functools import partial

import pytest
import torch
from torch import nn
from torchvision.models.efficientnet import MBConv, MBConvConfig

from dfpenet_mm.errors import CheckpointError, ConfigError
from dfpenet_mm.models import EfficientNetLite
from dfpenet_mm.models.conversion import convert_efficientnet_lite, convert_efficientnet_lite_file
from dfpenet_mm.models.efficientnet_lite import lite_stages

CHANNELS = {
    0: (16, 24, 40, 80, 112, 192, 320),
    1: (16, 24, 40, 80, 112, 192, 320),
    2: (16, 24, 48, 88, 120, 208, 352),
}
BLOCKS = {0: (1, 2, 2, 3, 3, 4, 1), 1: (1, 3, 3, 4, 4, 5, 1), 2: (1, 3, 3, 4, 4, 5, 1)}
# Of the published networks with head (1280 channels) and classifier, in millions.
PUBLISHED = {0: 4.7, 1: 5.4, 2: 6.1}


@pytest.mark.parametrize('variant', [0, 1, 2])
def test_stages_and_parameters_are_the_published_ones(variant):
    stages = lite_stages(variant)
    assert tuple(stage.channels for stage in stages) == CHANNELS[variant]
    assert tuple(stage.blocks for stage in stages) == BLOCKS[variant]
    encoder = sum(p.numel() for p in EfficientNetLite(variant=variant).parameters())
    head = stages[-1].channels * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert round((encoder + head) / 1e6, 1) == PUBLISHED[variant]


@pytest.mark.parametrize(
    ('settings', 'strides'),
    [
        ({}, (2, 4, 8, 16)),
        ({'strides': (1, 2, 2, 2, 1, 2, 1), 'dilations': (1,) * 7}, (2, 4, 8, 32)),
        ({'out_indices': (1, 3)}, (4, 16)),
    ],
)
def test_levels_have_their_strides(settings, strides):
    backbone = EfficientNetLite(variant=0, **settings).eval()
    with torch.inference_mode():
        levels = backbone(torch.zeros(1, 3, 64, 96))
    assert [level.shape[2:] for level in levels] == [(64 // s, 96 // s) for s in strides]
    picked = settings.get('out_indices', (0, 1, 2, 6))
    assert [level.shape[1] for level in levels] == [CHANNELS[0][index] for index in picked]


def reference():
    """Blocks of torchvision with ReLU6, no squeeze-and-excitation, and its stem; variant 0."""
    norm = partial(nn.BatchNorm2d, eps=1e-3)
    stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), norm(32), nn.ReLU6())
    rows = [
        (1, 3, 1, 32, 16, 1),
        (6, 3, 2, 16, 24, 2),
        (6, 5, 2, 24, 40, 2),
        (6, 3, 2, 40, 80, 3),
        (6, 5, 1, 80, 112, 3),
        (6, 5, 1, 112, 192, 4),
        (6, 3, 1, 192, 320, 1),
    ]
    blocks = []
    for row in rows:
        for number in range(row[5]):
            stride, channels = (1, row[4]) if number else (row[2], row[3])
            config = MBConvConfig(row[0], row[1], stride, channels, row[4], 1)
            block = MBConv(config, 0.0, norm, se_layer=lambda *_, **__: nn.Identity())
            for index, layer in enumerate(block.modules()):
                if index and isinstance(layer, nn.Sequential):
                    swap_activations(layer)
            blocks.append(block)
    return nn.Sequential(stem, *blocks).eval()


def swap_activations(layers):
    for name, layer in layers.named_children():
        if isinstance(layer, nn.SiLU):
            setattr(layers, name, nn.ReLU6())


def test_converted_weights_give_the_reference_features(tmp_path):
    torch.manual_seed(0)
    theirs = reference()
    for layer in theirs.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    torch.save(theirs.state_dict(), tmp_path / 'source.pth')
    convert_efficientnet_lite_file(tmp_path / 'source.pth', tmp_path / 'target.pth', 0)
    ours = EfficientNetLite(variant=0, dilations=(1,) * 7, out_indices=(6,)).eval()
    weights = torch.load(tmp_path / 'target.pth', weights_only=True)['state_dict']
    assert all('num_batches' in name for name in ours.load_state_dict(weights, strict=False)[0])
    # On odd sizes TensorFlow's padding is PyTorch's: 65, 33, 17 and 9 pixels.
    image = torch.randn(1, 3, 65, 65)
    with torch.inference_mode():
        torch.testing.assert_close(ours(image)[0], theirs(image), atol=1e-4, rtol=1e-3)


def test_strided_convolutions_pad_as_tensorflow_does():
    """Of 4 pixels a stride of 2 takes centres 1 and 3, not 0 and 2: one zero, at the end."""
    stem = EfficientNetLite(variant=0).stem.conv
    with torch.no_grad():
        stem.weight.zero_()
        stem.weight[0, 0, 1, 1] = 1
    image = torch.arange(16.0).reshape(1, 1, 4, 4).expand(1, 3, 4, 4)
    assert stem(image)[0, 0].tolist() == [[5.0, 7.0], [13.0, 15.0]]


def test_another_variant_is_refused():
    weights = EfficientNetLite(variant=0).state_dict()
    with pytest.raises(CheckpointError, match='240 tensors, EfficientNetLite has 315'):
        convert_efficientnet_lite(weights, 1)
    weights = EfficientNetLite(variant=1).state_dict()
    with pytest.raises(CheckpointError, match=r'has shape .* give the weights of efficientnet-'):
        convert_efficientnet_lite(weights, 2)


@pytest.mark.parametrize(
    'change', [{'variant': 3}, {'strides': (1, 2)}, {'dilations': (1,)}, {'out_indices': (7,)}]
)
def test_settings_that_no_network_has(change):
    with pytest.raises(ConfigError, match='give'):
        EfficientNetLite(**change)
