import hashlib
import json
import shutil

import numpy as np
import pytest
from torch import nn

from dfpenet_mm.doctor import shipped
from dfpenet_mm.doctor.shipped import check_networks
from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.mapping.network import card
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.mapping.network.quantised_network import quantised_beside
from tests.cli.conftest import CHECKPOINT


def test_the_shipped_networks_predict_here():
    found = list(check_networks())
    assert {finding.status for finding in found} == {'ok'}
    names = [finding.name for finding in found]
    assert names.count('shipped network') == names.count('torch fp32') == len(shipped_cards())
    assert 'for pixels of 5 to 20 m' in ' '.join(finding.found for finding in found)


@pytest.fixture
def ship(monkeypatch, tmp_path):
    """Ship what a test puts into a folder of its own."""
    monkeypatch.setattr(card, 'checkpoint_dir', lambda: tmp_path)

    def network(name='weights', weights=b'any', **changes):
        digest = hashlib.sha256(weights).hexdigest()
        stated = {**json.loads(CHECKPOINT.with_suffix('.json').read_text()), **changes}
        stated['weights_sha256'] = changes.get('weights_sha256', digest)
        (tmp_path / f'{name}.json').write_text(json.dumps(stated))
        (tmp_path / f'{name}.pth').write_bytes(weights)
        return tmp_path / f'{name}.pth'

    return network


def test_an_incomplete_installation(monkeypatch):
    def missing():
        raise InstallError('this installation came without its checkpoints')

    monkeypatch.setattr(card, 'checkpoint_dir', missing)
    (found,) = check_networks()
    assert found.status == 'problem'
    assert found.found == 'this installation came without its checkpoints'


def test_weights_that_are_missing_or_a_pointer(ship):
    ship().unlink()
    (found,) = check_networks()
    assert (found.status, 'weights.pth is missing' in found.found) == ('problem', True)
    ship(weights=b'version https://git-lfs.github.com/spec/v1\n')
    (found,) = check_networks()
    assert (found.status, found.mend) == ('problem', 'run git lfs pull')


def test_damaged_weights(ship):
    ship(weights=CHECKPOINT.read_bytes()[:100_000])
    _, found = check_networks()
    assert (found.name, found.status) == ('torch fp32', 'problem')
    assert 'reinstall' in found.mend


def test_every_network_is_compared_with_its_card(ship):
    ship('coarse', config='configs/dfpenet/nowhere.py')
    ship('fine', pixel_sizes=[1, 5], working_pixel_size=2, weights_sha256='0' * 64)
    fine, coarse = check_networks()
    assert (fine.status, coarse.status) == ('problem', 'problem')
    assert 'their card fine.json was written for 000000000000' in fine.found
    assert 'nowhere.py is missing' in coarse.found


def test_int8_of_other_weights_is_a_warning(monkeypatch, ship):
    weights = ship()
    shutil.copytree(quantised_beside(CHECKPOINT), quantised_beside(weights))
    monkeypatch.setattr(
        'dfpenet_mm.mapping.network.load_model.load_model', lambda *_: nn.Conv2d(3, 2, 1)
    )
    monkeypatch.setattr(shipped, '_predict', lambda *_: (np.full((1, 64, 64), 0.5), 0.1))
    monkeypatch.setattr(shipped, 'installed_version', lambda _: '2026.1')
    *_, int8 = check_networks()
    assert (int8.name, int8.status) == ('openvino int8', 'warning')
    assert 'quantised from other weights' in int8.found


@pytest.mark.parametrize('fault', [0.3, ConfigError('cannot be converted')])
def test_openvino_that_fails_or_differs_is_a_warning(monkeypatch, ship, fault):
    ship()
    exact = np.full((1, 64, 64), 0.5, np.float32)

    def predict(_predictor, backend, _model):
        if backend == 'torch':
            return exact, 0.1
        if isinstance(fault, Exception):
            raise fault
        return exact + fault, 0.1

    monkeypatch.setattr(shipped, '_predict', predict)
    monkeypatch.setattr(shipped, 'installed_version', lambda _: '2026.1')
    monkeypatch.setattr('dfpenet_mm.mapping.network.load_model.load_model', lambda *_: None)
    *_, openvino, int8 = check_networks()
    assert (openvino.name, openvino.status) == ('openvino f32', 'warning')
    assert '--backend torch' in openvino.mend
    assert ('0.300' in openvino.found) or ('converted' in openvino.found)
    # There is none beside these weights, as with a network that cannot keep its labels in it.
    assert (int8.name, int8.status) == ('openvino int8', 'ok')
    assert 'ships without' in int8.found
