from pathlib import Path

import numpy as np
import pytest

from dfpenet_mm.doctor import shipped
from dfpenet_mm.doctor.shipped import check_network
from dfpenet_mm.errors import ConfigError, InstallError
from tests.cli.conftest import CHECKPOINT, CONFIG


def test_the_shipped_network_predicts_here():
    findings = {found.name: found for found in check_network()}
    assert {found.status for found in findings.values()} == {'ok'}
    assert 'torch fp32' in findings


def files(monkeypatch, config=CONFIG, checkpoint=CHECKPOINT):
    monkeypatch.setattr(shipped, 'network_files', lambda *_: (config, checkpoint))


def test_an_incomplete_installation(monkeypatch):
    def missing(*_):
        raise InstallError('this installation came without its checkpoints')

    monkeypatch.setattr(shipped, 'network_files', missing)
    (found,) = check_network()
    assert found.status == 'problem'
    assert found.found == 'this installation came without its checkpoints'


def test_weights_that_are_missing_or_a_pointer(monkeypatch, tmp_path):
    weights = tmp_path / 'weights.pth'
    files(monkeypatch, checkpoint=weights)
    assert 'is missing' in next(check_network()).found
    weights.write_text('version https://git-lfs.github.com/spec/v1\n')
    (found,) = check_network()
    assert (found.status, found.mend) == ('problem', 'run git lfs pull')


def test_damaged_weights(monkeypatch, tmp_path):
    (tmp_path / 'weights.pth').write_bytes(CHECKPOINT.read_bytes()[:100_000])
    files(monkeypatch, checkpoint=tmp_path / 'weights.pth')
    _, found = check_network()
    assert (found.name, found.status) == ('torch fp32', 'problem')
    assert 'reinstall' in found.mend


@pytest.mark.parametrize('fault', [0.3, ConfigError('cannot be converted')])
def test_openvino_that_fails_or_differs_is_a_warning(monkeypatch, tmp_path, fault):
    files(monkeypatch, checkpoint=Path(tmp_path / 'weights.pth'))
    (tmp_path / 'weights.pth').write_bytes(b'any')
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
    *_, openvino, int8 = check_network()
    assert (openvino.name, openvino.status) == ('openvino f32', 'warning')
    assert '--backend torch' in openvino.mend
    assert ('0.300' in openvino.found) or ('converted' in openvino.found)
    # There is none beside these weights.
    assert (int8.name, int8.status) == ('openvino int8', 'warning')
