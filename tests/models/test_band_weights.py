import copy

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from torch import nn
from torchvision.models import mobilenet_v2, resnet18

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models import band_weights
from dfpenet_mm.models.band_weights import BAND_WEIGHTS, repeat_bands, spread_bands
from dfpenet_mm.models.conversion import convert_mobilenetv2

NETWORKS = {
    'MobileNetV2': {'out_indices': (6,)},
    'ResNet': {'depth': 18},
    'ResNetV1c': {'depth': 18},
    'MixVisionTransformer': {},
    'BiSeNetV2': {},  # two convolutions see the image
    'STDCNet': {  # in_channels is no option there
        'stdc_type': 'STDCNet1',
        'channels': (8, 16, 32, 64, 128),
        'bottleneck_type': 'cat',
        'norm_cfg': {'type': 'BN'},
        'act_cfg': {'type': 'ReLU'},
        'num_convs': 4,
    },
    'ICNet': {'backbone_cfg': {'type': 'ResNetV1c', 'depth': 18}, 'layer_channels': (128, 512)},
}


def built(network, bands, **settings):
    cfg = {'type': 'AnyBandBackbone', 'network': network, 'in_channels': bands}
    module = MODELS.build(cfg | NETWORKS[network] | settings)
    module.eval()  # mmseg's own return None
    return module


@pytest.mark.parametrize('bands', [1, 2, 4, 13])
@pytest.mark.parametrize('network', NETWORKS)
def test_weights_of_three_bands_start_any_number_of_any_backbone(network, bands):
    rgb = built(network, 3)
    torch.manual_seed(1)
    many = built(network, bands)
    misfit = many.load_state_dict(rgb.state_dict(), strict=False)
    assert misfit.missing_keys == misfit.unexpected_keys == []
    grey = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = rgb(grey.expand(-1, 3, -1, -1))
        # Equal bands look as three did.
        torch.testing.assert_close(
            many(grey.expand(-1, bands, -1, -1)), wanted, atol=1e-4, rtol=1e-3
        )


@pytest.mark.parametrize('network', ['CGNet', 'ERFNet'])
def test_backbones_that_take_the_image_more_than_once(network):
    many = MODELS.build({'type': 'AnyBandBackbone', 'network': network, 'in_channels': 4})
    many.eval()
    many(torch.zeros(1, 4, 64, 64))


def test_two_convolutions_of_three_bands_are_no_guess():
    twins = nn.ModuleList([nn.Conv2d(3, 1, 1), nn.Conv2d(3, 1, 1)])
    with pytest.raises(ConfigError, match='ModuleList has 2 convolutions of three bands'):
        band_weights.take_bands(twins, 4)


def test_the_wrapper_hands_on_how_weights_are_spread():
    cfg = {'network': 'ResNetStemFeatures', 'depth': 18, 'in_channels': 5}
    ours = MODELS.build({'type': 'AnyBandBackbone', 'rgb_weights': 'repeat', **cfg})
    weight = resnet18(weights=None).conv1.weight
    ours.load_state_dict({'conv1.weight': weight}, strict=False)
    torch.testing.assert_close(ours.conv1.weight, repeat_bands(weight, 5))


def test_filters_are_spread_by_hand():
    weight = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1)
    wanted = {1: [9], 2: [4.5, 4.5], 3: [1, 2, 6], 4: [0.75, 1.5, 4.5, 2.25]}
    for bands, values in wanted.items():
        assert spread_bands(weight, bands).flatten().tolist() == values
    assert repeat_bands(weight, 5).flatten().tolist() == pytest.approx([0.6, 1.2, 3.6, 0.6, 1.2])


@pytest.mark.parametrize('rgb_weights', BAND_WEIGHTS)
def test_pre_trained_weights_of_a_file(tmp_path, rgb_weights):
    reference = resnet18(weights=None)
    torch.save(reference.state_dict(), tmp_path / 'rgb.pth')
    settings = {'type': 'ResNetStemFeatures', 'depth': 18, 'in_channels': 4}
    init = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'rgb.pth')}
    ours = MODELS.build(settings | {'init_cfg': init, 'rgb_weights': rgb_weights})
    ours.init_weights()
    wanted = BAND_WEIGHTS[rgb_weights](reference.conv1.weight, 4)
    torch.testing.assert_close(ours.conv1.weight, wanted)
    torch.testing.assert_close(ours.layer1[0].conv1.weight, reference.layer1[0].conv1.weight)


def test_pre_trained_mobilenet_of_torchvision(tmp_path):
    weights = convert_mobilenetv2(mobilenet_v2(weights=None).state_dict())
    torch.save({'state_dict': weights}, tmp_path / 'rgb.pth')
    init = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'rgb.pth')}
    ours = built('MobileNetV2', 5, init_cfg=init)
    ours.init_weights()
    torch.testing.assert_close(
        ours.conv1.conv.weight, spread_bands(weights['conv1.conv.weight'], 5)
    )


def test_the_backbone_of_a_trained_network(tmp_path):
    """``prefix`` takes a part of a checkpoint, as mmengine's Pretrained says."""
    trained = {
        f'backbone.{name}': value for name, value in built('MobileNetV2', 3).state_dict().items()
    }
    torch.save({'state_dict': trained}, tmp_path / 'net.pth')
    init = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'net.pth'), 'prefix': 'backbone.'}
    ours = built('MobileNetV2', 4, init_cfg=init)
    ours.init_weights()
    wanted = spread_bands(trained['backbone.conv1.conv.weight'], 4)
    torch.testing.assert_close(ours.conv1.conv.weight, wanted)


def test_weights_are_initialised_without_a_file():
    ours = MODELS.build({'type': 'ResNetStemFeatures', 'depth': 18, 'in_channels': 4})
    ours.init_weights()
    assert ours.conv1.weight.shape == (64, 4, 7, 7)
    assert ours.conv1.weight.std() > 0


def test_mmengines_loader_and_copies_adapt_too(tmp_path, monkeypatch):
    """What load_from does, and the hook that keeps averaged weights."""
    log = []
    monkeypatch.setattr(band_weights, 'print_log', lambda line, _: log.append(line))
    rgb = built('MobileNetV2', 3)
    torch.save({'state_dict': rgb.state_dict()}, tmp_path / 'rgb.pth')
    copies = [built('MobileNetV2', 4), copy.deepcopy(built('MobileNetV2', 4))]
    for ours in copies:
        load_checkpoint(ours, str(tmp_path / 'rgb.pth'))
        wanted = spread_bands(rgb.conv1.conv.weight, 4)
        torch.testing.assert_close(ours.conv1.conv.weight, wanted)
    assert log == ["conv1.conv.weight of three bands starts 4 bands (rgb_weights='spread')"] * len(
        copies
    )


def test_weights_of_as_many_bands_are_taken_as_they_are():
    stored = built('MobileNetV2', 4).state_dict()
    ours = built('MobileNetV2', 4)
    ours.load_state_dict(stored)
    torch.testing.assert_close(ours.conv1.conv.weight, stored['conv1.conv.weight'])


def test_frozen_stages_stay_frozen():
    assert not built('ResNet', 4, frozen_stages=0).conv1.weight.requires_grad


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'rgb_weights': 'guess'}, "rgb_weights 'guess'; give .* spread, repeat"),
        ({'in_channels': 0}, 'a number of bands above 0'),
        ({'network': 'LabelledDiceLoss', 'out_indices': None}, 'no convolution of three bands'),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    cfg = {'type': 'AnyBandBackbone', 'network': 'MobileNetV2', 'in_channels': 4} | changes
    cfg = {key: value for key, value in cfg.items() if value is not None}
    with pytest.raises(ConfigError, match=message):
        MODELS.build(cfg)
