import pytest
import torch
from mmseg.registry import MODELS
from torchvision.models import resnet18, resnet50

from dfpenet_mm.errors import ConfigError


def backbone(**settings):
    return MODELS.build({'type': 'ResNetStemFeatures'} | settings).eval()


@pytest.mark.parametrize(
    ('depth', 'channels'),
    [(18, (64, 64, 128, 256, 512)), (50, (64, 256, 512, 1024, 2048))],
)
def test_five_levels_at_output_stride_16(depth, channels):
    with torch.inference_mode():
        features = backbone(depth=depth)(torch.zeros(1, 3, 64, 96))
    assert [f.shape[1] for f in features] == list(channels)
    assert [64 // f.shape[2] for f in features] == [2, 4, 8, 16, 16]


@pytest.mark.parametrize(('depth', 'model'), [(18, resnet18), (50, resnet50)])
def test_torchvision_weights_fit_and_agree(depth, model):
    reference = model(weights=None).eval()
    ours = backbone(depth=depth, strides=(1, 2, 2, 2), last_stage_dilations=(1, 1, 1))
    fit = ours.load_state_dict(reference.state_dict(), strict=False)
    assert fit.missing_keys == []
    assert fit.unexpected_keys == ['fc.weight', 'fc.bias']
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        theirs = reference.relu(reference.bn1(reference.conv1(x)))
        torch.testing.assert_close(ours(x)[0], theirs)
        theirs = reference.layer2(reference.layer1(reference.maxpool(theirs)))
        theirs = reference.layer4(reference.layer3(theirs))
        torch.testing.assert_close(ours(x)[4], theirs)


def test_dilations_reach_each_block_of_the_last_stage():
    blocks = backbone(depth=50, last_stage_dilations=(2, 4, 8)).layer4
    assert [block.conv2.dilation for block in blocks] == [(2, 2), (4, 4), (8, 8)]


@pytest.mark.parametrize(
    ('settings', 'message'),
    [({'depth': 77}, 'one of'), ({'depth': 50, 'last_stage_dilations': (1, 2)}, '3 blocks')],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        backbone(**settings)
