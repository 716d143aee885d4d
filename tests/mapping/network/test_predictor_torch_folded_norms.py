import pytest
import torch
from mmcv.cnn import ConvModule
from torch import nn

from dfpenet_mm.mapping.network.predictor_torch import fold_norms
from dfpenet_mm.models.feature_filter import FeatureFilter

NORM = {'type': 'BN'}


def drawn(network):
    """Give every weight and statistic a value of its own."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.uniform_(0.3 if 'var' in name else -1, 1.5, generator=generator)
    return network.eval()


class Filtered(nn.Module):
    """Upsamples between a convolution and its normalisation."""

    def __init__(self):
        super().__init__()
        self.high = ConvModule(3, 6, 3, stride=2, padding=1, norm_cfg=NORM)
        self.low = ConvModule(3, 4, 1, norm_cfg=NORM)
        self.filter = FeatureFilter(high_channels=6, low_channels=4, norm_cfg=NORM)

    def forward(self, x):
        return self.filter(self.high(x), self.low(x))


class Misleading(nn.Module):
    """Holds a normalisation behind a convolution that it does not follow."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.conv(self.norm(x).relu())


@pytest.fixture
def probe():
    return torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_a_folded_network_has_no_norms_and_predicts_the_same(probe):
    network = drawn(Filtered())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folded = fold_norms(network, probe)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    other = torch.rand(2, 3, 12, 20, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(folded(other), network(other), rtol=1e-4, atol=1e-5)
    assert list(network.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_norm_that_follows_something_else_is_left_alone(probe):
    assert fold_norms(drawn(Misleading()), probe) is None


def test_norms_without_weights_are_left_alone(probe):
    bare = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, affine=False)).eval()
    assert fold_norms(bare, probe) is None
