import numpy as np
import pytest
import torch
from torch import nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network import predictor_torch
from dfpenet_mm.mapping.network.predictor import build_predictor
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor


class Preprocessor(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.tensor([100.0, 110, 120]).view(3, 1, 1), False)
        self.register_buffer('std', torch.tensor([50.0, 60, 70]).view(3, 1, 1), False)


class Network(nn.Module):
    """Has what the predictor uses of an mmseg EncoderDecoder."""

    def __init__(self, classes=3, preprocessor=None):
        super().__init__()
        torch.manual_seed(0)
        self.data_preprocessor = preprocessor or Preprocessor()
        self.conv = nn.Conv2d(3, classes, 3, padding=1)
        self.dropout = nn.Dropout(0.5)
        self.metas = None

    def encode_decode(self, inputs, batch_img_metas):
        self.metas = batch_img_metas
        return self.dropout(self.conv(inputs))


@pytest.fixture
def chips():
    return np.random.default_rng(0).uniform(0, 255, (2, 3, 8, 10)).astype(np.float32)


def normalised(chips):
    mean, std = np.array([100, 110, 120.0]), np.array([50, 60, 70.0])
    scaled = (chips - mean[:, None, None]) / std[:, None, None]
    return torch.from_numpy(scaled.astype(np.float32))


@pytest.mark.parametrize('channels_last', [True, False])
def test_the_networks_own_probability_comes_out(channels_last, chips):
    network = Network()
    predictor = build_predictor(
        {'type': 'TorchPredictor', 'landslide_class': 2, 'channels_last': channels_last},
        model=network,
    )
    probability = predictor(chips)
    assert probability.shape == (2, 8, 10)
    assert probability.dtype == np.float32
    with torch.no_grad():
        expected = network.conv(normalised(chips)).softmax(1)[:, 2]
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    meta = {'img_shape': (8, 10), 'ori_shape': (8, 10), 'pad_shape': (8, 10)}
    assert network.metas == [meta, meta]


def test_kinds_of_landslide_add_up(chips):
    network = Network(classes=4)
    probability = TorchPredictor(model=network, landslide_class=(1, 3))(chips)
    with torch.no_grad():
        expected = network.conv(normalised(chips)).softmax(1)[:, [1, 3]].sum(1)
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    every = TorchPredictor(model=network, landslide_class=[0, 1, 2, 3])(chips)
    np.testing.assert_allclose(every, 1, atol=1e-6)
    assert every.max() <= 1


def test_one_output_is_a_logit(chips):
    network = Network(classes=1)
    probability = TorchPredictor(model=network)(chips)
    with torch.no_grad():
        expected = network.conv(normalised(chips)).sigmoid()[:, 0]
    np.testing.assert_allclose(probability, expected, atol=1e-5)


@pytest.mark.parametrize('missing', ['all', 'mean'])
def test_without_statistics_chips_go_in_as_they_are(missing, chips):
    preprocessor = nn.Identity()
    if missing == 'mean':
        preprocessor.mean, preprocessor.std = False, torch.ones(3, 1, 1)
    network = Network(preprocessor=preprocessor)
    probability = TorchPredictor(model=network)(chips)
    with torch.no_grad():
        expected = network.conv(torch.from_numpy(chips)).softmax(1)[:, 1]
    np.testing.assert_allclose(probability, expected, atol=1e-5)


def test_flips_average_four_mirrorings(chips):
    network = Network()
    probability = TorchPredictor(model=network, flips=True)(chips)
    inputs = normalised(chips)
    parts = []
    with torch.no_grad():
        for axes in ([], [2], [3], [2, 3]):
            mirrored = network.conv(inputs.flip(axes)).softmax(1)[:, 1:2]
            parts.append(mirrored.flip(axes)[:, 0].numpy())
    np.testing.assert_allclose(probability, np.mean(parts, axis=0), atol=1e-5)
    assert np.abs(parts[0] - parts[1]).max() > 0.01


def test_bf16_comes_close_and_returns_float32(chips):
    network = Network()
    full = TorchPredictor(model=network)(chips)
    mixed = TorchPredictor(model=network, precision='bf16')(chips)
    assert mixed.dtype == np.float32
    assert 0 < np.abs(mixed - full).max() < 0.05


class NormedNetwork(Network):
    """Normalises after its convolution."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_mean.uniform_(-1, 1)
        self.norm.running_var.uniform_(0.5, 2)

    def encode_decode(self, inputs, _):
        return self.norm(self.conv(inputs))


@pytest.mark.parametrize('fold', [True, False])
def test_folding_norms_changes_neither_result_nor_model(fold, chips):
    network = NormedNetwork()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    predictor = TorchPredictor(model=network, fold=fold)
    with torch.no_grad():
        expected = network.encode_decode(normalised(chips), None).softmax(1)[:, 1]
    np.testing.assert_allclose(predictor(chips), expected, atol=1e-5)
    assert predictor.folded is fold
    assert list(network.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_folded_bf16_comes_close_to_unfolded_bf16(chips):
    network = NormedNetwork()
    full = TorchPredictor(model=network)(chips)
    mixed = TorchPredictor(model=network, precision='bf16')(chips)
    assert 0 < np.abs(mixed - full).max() < 0.05
    assert network.conv.weight.dtype == torch.float32


def test_a_gpu_gets_a_recording(monkeypatch, chips):
    taken = []

    def replay(forward):
        taken.append(forward)
        return forward

    monkeypatch.setattr(predictor_torch, 'GraphReplay', replay)
    on_cpu = TorchPredictor(model=Network())
    on_cpu(chips)
    assert taken == []
    on_gpu = TorchPredictor(model=Network())
    # No test machine has a GPU: the CPU passes for one.
    cpu, on_gpu._device = on_gpu._device, type('Device', (), {'type': 'cuda'})()
    monkeypatch.setattr(torch.Tensor, 'to', lambda tensor, *_: tensor.detach())
    np.testing.assert_array_equal(on_gpu(chips), on_cpu(chips))
    assert len(taken) == 1
    assert cpu.type == 'cpu'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'precision': 'int8'}, 'fp32, bf16'),
        ({'precision': 'fp16'}, 'precision fp16 needs CUDA, not cpu'),
        ({'device': 'meteor'}, "'meteor' cannot be used here"),
        ({'device': 'cuda:99'}, "'cuda:99' cannot be used here"),
    ],
)
def test_settings_that_do_not_exist_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        TorchPredictor(model=Network(), **arguments)


@pytest.mark.parametrize('landslide_class', [3, -1, (1, 3), [-1, 1]])
def test_a_class_that_the_network_lacks_is_refused(landslide_class, chips):
    with pytest.raises(ConfigError, match=r'3 classes; give one in \[0, 2\]'):
        TorchPredictor(model=Network(), landslide_class=landslide_class)(chips)
