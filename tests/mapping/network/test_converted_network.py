import pytest
import torch
from mmengine.config import Config
from torch import nn

from dfpenet_mm.mapping.network.converted_network import network_key, weights_digest


def network(seed=0, **config):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    model.cfg = Config({'model': {'type': 'EncoderDecoder', **config}})
    return model


def test_equal_networks_have_one_name():
    assert network_key(network(), {'shape': (1, 2)}) == network_key(network(), {'shape': (1, 2)})
    assert len(network_key(network(), {})) == 64


@pytest.mark.parametrize(
    ('other', 'settings'),
    [(network(seed=1), {}), (network(join=True), {}), (network(), {'precision': 'bf16'})],
)
def test_weights_config_and_settings_each_change_it(other, settings):
    assert network_key(other, settings) != network_key(network(), {})


def test_the_source_of_a_networks_classes_changes_it(tmp_path, monkeypatch):
    source = tmp_path / 'layer_of_a_user.py'
    names = []
    for version in ('a', 'b'):
        source.write_text(f'# version {version}\n')
        monkeypatch.setattr('inspect.getsourcefile', lambda _: str(source))
        names.append(network_key(network(), {}))
    assert names[0] != names[1]


def test_a_network_without_config_has_no_name():
    model = network()
    del model.cfg
    assert network_key(model, {}) is None


def test_the_digest_is_of_what_predicts():
    model = network()
    before = weights_digest(model)
    model[1].num_batches_tracked += 5
    assert weights_digest(model) == before
    model[1].running_mean += 1e-6
    assert weights_digest(model) != before
    renamed = nn.Sequential(nn.Identity(), *network())
    assert weights_digest(renamed) != before
