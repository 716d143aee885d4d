"""A convolution whose outputs lie far from zero, in torch and in OpenVINO."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

from dfpenet_mm.mapping.network.predictor_openvino import OpenVinoPredictor
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor
from dfpenet_mm.mapping.network.probability_network import (
    delicate_convolutions,
    keep_exact,
    with_predecessors,
)

NAMES = {'second': 'norm'}


class Delicate(nn.Module):
    """Adds 500 to values of about 1, and takes away what becomes of it."""

    def __init__(self, offset=500.0):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 1)
        self.norm = nn.BatchNorm2d(8)
        self.classify = nn.Conv2d(8, 2, 1)
        self.first.bias.data += offset
        self.norm.running_mean += offset * self.second.weight.data.sum(dim=(1, 2, 3))

    def encode_decode(self, inputs, _):
        return self.classify(self.norm(self.second(self.first(inputs))).relu())


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', '')


@pytest.fixture
def chips():
    return np.random.default_rng(0).normal(size=(1, 3, 32, 32)).astype(np.float32)


def test_what_lies_far_from_zero_is_named():
    assert delicate_convolutions(Delicate()) == NAMES
    assert delicate_convolutions(Delicate(offset=5.0)) == {}
    network = Delicate()
    network.norm.running_var *= 1e6
    assert delicate_convolutions(network) == {}


def test_the_convolution_before_makes_the_input():
    assert with_predecessors(Delicate(), NAMES) == {'first', 'second'}
    assert with_predecessors(Delicate(), ['first']) == {'first'}


def test_an_exact_module_computes_in_float32_under_autocast():
    convolution = nn.Conv2d(2, 2, 1)
    keep_exact(convolution)
    inputs = torch.rand(1, 2, 4, 4)
    with torch.no_grad():
        expected = nn.functional.conv2d(inputs, convolution.weight, convolution.bias)
        with torch.autocast('cpu', torch.bfloat16):
            found = convolution(inputs)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('fold', [True, False])
def test_torch_in_bf16_keeps_the_difference(fold, chips, monkeypatch):
    exact = TorchPredictor(model=Delicate())(chips)
    close = TorchPredictor(model=Delicate(), precision='bf16', fold=fold)(chips)
    assert np.abs(close - exact).max() < 0.02
    monkeypatch.setattr('dfpenet_mm.mapping.network.probability_network.FAR', 1e9)
    spoilt = TorchPredictor(model=Delicate(), precision='bf16', fold=False)(chips)
    assert np.abs(spoilt - exact).max() > 0.05


@pytest.mark.skipif(find_spec('openvino') is None, reason='OpenVINO is not installed')
def test_openvino_in_bf16_keeps_the_difference(chips, monkeypatch):
    from dfpenet_mm.mapping.network.openvino_network import openvino_library  # noqa: PLC0415

    if 'BF16' not in openvino_library().Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('this CPU has no bfloat16')
    exact = TorchPredictor(model=Delicate())(chips)
    close = OpenVinoPredictor(model=Delicate(), precision='bf16')(chips)
    monkeypatch.setattr('dfpenet_mm.mapping.network.probability_network.FAR', 1e9)
    plain = OpenVinoPredictor(model=Delicate(), precision='bf16')(chips)
    assert np.abs(close - exact).max() < 0.02
    assert np.abs(plain - exact).max() > 0.05
