import pytest
import torch
from torch.nn.functional import interpolate

from dfpenet_mm.models.feature_filter import AttentionGate, FeatureFilter, GatedConvolution

NORM = {'type': 'BN'}


def identity_norms(module):
    """Weights of one, biases of zero, running statistics of a standard normal."""
    for name, parameter in module.named_parameters():
        torch.nn.init.constant_(parameter, 0.0 if name.endswith('bias') else 1.0)
    return module.eval()


def sigmoid(x):
    return torch.sigmoid(torch.tensor(float(x)))


def test_attention_gate_is_equation_2():
    gate = identity_norms(
        AttentionGate(high_channels=2, low_channels=3, mid_channels=1, norm_cfg=NORM)
    )
    high, low = torch.full((1, 2, 1, 1), 0.5), torch.full((1, 3, 1, 1), -0.2)
    # Wg*high = 1.0, Wx*low = -0.6, relu(0.4) = 0.4
    assert gate(high, low).item() == pytest.approx(sigmoid(0.4).item(), abs=1e-4)
    # relu cuts a negative sum
    assert gate(-high, low).item() == pytest.approx(0.5, abs=1e-4)


def test_gated_convolution_is_equation_3():
    gate = identity_norms(GatedConvolution(channels=2, norm_cfg=NORM))
    high = torch.tensor([0.3, 0.4]).reshape(1, 2, 1, 1)
    assert gate(high, high).item() == pytest.approx(sigmoid(0.7).item(), abs=1e-4)


def test_feature_filter_is_equation_1():
    module = identity_norms(FeatureFilter(high_channels=2, low_channels=2, norm_cfg=NORM))
    high = torch.tensor([0.3, 0.4]).reshape(1, 2, 1, 1)
    low = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1)
    gate, attention = 1 + sigmoid(0.7), sigmoid(0.7 + 3.0)
    expected = torch.stack([gate * 0.3, gate * 0.4, gate * attention * 1.0, gate * attention * 2.0])
    torch.testing.assert_close(module(high, low).flatten(), expected, atol=1e-3, rtol=0)


def test_without_both_it_concatenates():
    module = FeatureFilter(
        high_channels=1, low_channels=1, attention_gate=False, gated_conv=False, norm_cfg=NORM
    )
    high, low = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    torch.testing.assert_close(module(high, low), torch.cat([high, low], dim=1))


def test_a_coarser_level_is_upsampled_and_then_filtered():
    module = FeatureFilter(high_channels=3, low_channels=2, norm_cfg=NORM).double()
    generator = torch.Generator().manual_seed(0)
    high = torch.randn(2, 3, 3, 2, generator=generator, dtype=torch.float64)
    low = torch.randn(2, 2, 7, 5, generator=generator, dtype=torch.float64)
    upsampled = interpolate(high, size=(7, 5), mode='bilinear', align_corners=True)
    # In training mode, where a normalisation before the upsampling would show.
    torch.testing.assert_close(module(high, low), module(upsampled, low))


@pytest.mark.parametrize(
    'norm', [{'type': 'GN', 'num_groups': 4}, {'type': 'IN'}, {'type': 'BN'}], ids=str
)
def test_any_normalisation_fits_the_single_channel_of_the_gates(norm):
    module = FeatureFilter(high_channels=8, low_channels=4, norm_cfg=norm).eval()
    high, low = torch.randn(2, 8, 3, 3), torch.randn(2, 4, 6, 6)
    assert torch.isfinite(module(high, low)).all()
