import shutil
import sys
import types
import warnings

import pytest
import torch

from dfpenet_mm.doctor import packages
from dfpenet_mm.doctor.packages import check_openvino_devices, check_torch_devices


def test_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(shutil, 'which', lambda _: None)
    assert {found.status for found in check_torch_devices()} == {'ok'}


def test_a_gpu_and_its_memory(monkeypatch):
    properties = types.SimpleNamespace(name='H9', total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda _: properties)
    first = next(check_torch_devices())
    assert (first.name, first.found) == ('cuda:0', 'H9, 80.0 GiB')


def test_a_driver_that_torch_cannot_use(monkeypatch):
    def unavailable():
        warnings.warn('The NVIDIA driver on your system is too old', stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, 'is_available', unavailable)
    monkeypatch.setattr(shutil, 'which', lambda name: f'/usr/bin/{name}')
    first = next(check_torch_devices())
    assert first.status == 'warning'
    assert 'too old' in first.found
    assert 'update the driver' in first.mend


@pytest.mark.parametrize(
    ('listed', 'status'), [(['CPU', 'GPU'], 'ok'), ([], 'problem'), (None, 'problem')]
)
def test_openvino(monkeypatch, listed, status):
    fake = listed is not None and types.SimpleNamespace(
        Core=lambda: types.SimpleNamespace(available_devices=listed)
    )
    monkeypatch.setitem(sys.modules, 'openvino', fake or None)
    (found,) = check_openvino_devices()
    assert found.status == status


def test_without_pytorch_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(packages, 'has_training', lambda: False)
    (found,) = check_torch_devices()
    assert (found.name, found.status) == ('cuda', 'ok')
    assert 'not installed' in found.found
