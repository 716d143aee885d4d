import hashlib
import json
import shutil

import numpy as np
import pytest

from dfpenet_mm.doctor import shipped
from dfpenet_mm.doctor.shipped import check_networks
from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.files import file_digest
from dfpenet_mm.mapping.network import card
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.mapping.network.exported_network import exported_beside
from tests.cli.conftest import CHECKPOINT


def test_the_shipped_networks_predict_here():
    found = list(check_networks())
    assert {finding.status for finding in found} == {'ok'}
    names = [finding.name for finding in found]
    for name in ('shipped network', 'openvino f32', 'openvino int8', 'torch fp32'):
        assert names.count(name) == len(shipped_cards())
    assert 'for pixels of 5 to 20 m' in ' '.join(finding.found for finding in found)


@pytest.fixture
def ship(monkeypatch, tmp_path):
    """Ship what a test puts into a folder of its own: a card, weights and an exported network."""
    monkeypatch.setattr(card, 'checkpoint_dir', lambda: tmp_path)
    monkeypatch.setattr(shipped, 'has_training', lambda: False)
    monkeypatch.setattr(shipped, '_predict', lambda *_: (np.full((1, 64, 64), 0.5), 0.1))

    def network(name='weights', layers=b'<net/>', **changes):
        stated = json.loads(CHECKPOINT.with_suffix('.json').read_text()) | changes
        stated['weights_sha256'] = hashlib.sha256(b'any').hexdigest()
        (tmp_path / f'{name}.pth').write_bytes(b'any')
        (tmp_path / f'{name}.json').write_text(json.dumps(stated))
        own = card.NetworkCard.read(tmp_path / f'{name}.json').to_dict()
        folder = tmp_path / f'{name}_openvino'
        folder.mkdir(exist_ok=True)
        files = {'model.xml': layers, 'model.bin': b'any'}
        for file, content in files.items():
            (folder / file).write_bytes(content)
        facts = {'weights': 'w', 'landslide_class': 1, 'precision': 'f32', 'network': own}
        digests = {file: file_digest(folder / file) for file in files}
        (folder / 'card.json').write_text(json.dumps({**facts, 'files': digests}))
        return folder

    return network


def test_an_incomplete_installation(monkeypatch):
    def missing():
        raise InstallError('this installation came without its checkpoints')

    monkeypatch.setattr(card, 'checkpoint_dir', missing)
    (found,) = check_networks()
    assert found.status == 'problem'
    assert found.found == 'this installation came without its checkpoints'


def test_a_sound_one_without_pytorch(ship):
    ship()
    network, f32, int8 = check_networks()
    assert {network.status, f32.status, int8.status} == {'ok'}
    assert f32.name == 'openvino f32'
    # There is none beside these weights, as with a network that cannot keep its labels in it.
    assert 'ships without' in int8.found


def test_layers_that_are_missing_or_a_pointer(ship):
    (ship() / 'model.xml').unlink()
    (found,) = check_networks()
    assert (found.status, 'model.xml is missing' in found.found) == ('problem', True)
    ship(layers=b'version https://git-lfs.github.com/spec/v1\n')
    (found,) = check_networks()
    assert (found.status, found.mend) == ('problem', 'run git lfs pull')


def test_damaged_weights(ship):
    (ship() / 'model.bin').write_bytes(b'less')
    (found,) = check_networks()
    assert (found.name, found.status) == ('shipped network', 'problem')
    assert 'not what its card.json says' in found.found
    assert 'reinstall' in found.mend


def test_every_network_is_compared_with_its_card(ship, tmp_path):
    ship('coarse')
    ship('fine', pixel_sizes=[1, 5], working_pixel_size=2)
    stated = json.loads((tmp_path / 'fine.json').read_text())
    (tmp_path / 'fine.json').write_text(json.dumps({**stated, 'threshold': 0.9}))
    fine, *coarse = check_networks()
    assert (fine.status, {found.status for found in coarse}) == ('problem', {'ok'})
    assert 'was made for another card' in fine.found


def test_int8_of_other_weights_is_a_warning(ship):
    shutil.copytree(exported_beside(CHECKPOINT, 'int8'), exported_beside(ship(), 'int8'))
    *_, int8 = check_networks()
    assert (int8.name, int8.status) == ('openvino int8', 'warning')
    assert 'exported from other weights' in int8.found


def test_a_network_that_cannot_predict_is_a_problem(monkeypatch, ship):
    def fail(*_):
        raise ConfigError('cannot be read')

    ship()
    monkeypatch.setattr(shipped, '_predict', fail)
    _, found, _ = check_networks()
    assert (found.name, found.status) == ('openvino f32', 'problem')
    assert 'cannot be read' in found.found


@pytest.mark.parametrize('fault', [0.3, ConfigError('cannot be built'), 'gone'])
def test_pytorch_that_fails_or_differs_is_a_warning(monkeypatch, ship, fault):
    """Mapping goes on without it."""
    folder = ship()
    exact = np.full((1, 64, 64), 0.5, np.float32)

    def predict(backend, _model):
        if backend == 'openvino':
            return exact, 0.1
        if isinstance(fault, Exception):
            raise fault
        return exact + fault, 0.1

    if fault == 'gone':
        folder.with_name('weights.pth').unlink()
    monkeypatch.setattr(shipped, '_predict', predict)
    monkeypatch.setattr(shipped, 'has_training', lambda: True)
    monkeypatch.setattr('dfpenet_mm.mapping.network.load_model.load_model', lambda *_: None)
    *_, torch = check_networks()
    assert (torch.name, torch.status) == ('torch fp32', 'warning')
    assert any(word in torch.found for word in ('0.300', 'cannot be built', 'is missing'))
