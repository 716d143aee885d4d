from pathlib import Path

import numpy as np
import pytest

from dfpenet_mm import processor
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network import backends
from dfpenet_mm.mapping.network.backends import (
    EXACT,
    backend_config,
    candidate_backends,
    device_name,
    find_device,
    label_agreement,
)

TORCH = {'type': 'TorchPredictor', 'flips': True, 'landslide_class': 3, 'channels_last': False}


def test_a_config_of_the_backend_keeps_its_settings():
    assert backend_config(TORCH, 'torch') == {**TORCH, 'precision': 'fp32'}
    assert backend_config({**TORCH, 'precision': 'bf16'}, 'torch')['precision'] == 'bf16'
    assert backend_config(TORCH, 'torch', precision='bf16')['precision'] == 'bf16'


def test_another_backend_takes_what_both_have():
    assert backend_config(TORCH, 'openvino', precision='bf16') == {
        'type': 'OpenVinoPredictor',
        'flips': True,
        'landslide_class': 3,
        'precision': 'bf16',
    }


def test_int8_names_its_folder_from_anywhere():
    config = backend_config(TORCH, 'openvino', precision='int8', quantised=Path('some/int8'))
    assert config['quantised'] == str(Path('some/int8').absolute())
    assert 'quantised' not in backend_config(config, 'openvino', precision='f32')
    assert backend_config(config, 'openvino') == config


@pytest.mark.parametrize(
    ('backend', 'precision', 'message'),
    [
        ('tensorrt', None, 'give one of torch, openvino, auto'),
        ('torch', 'int8', 'none of torch; give one of fp32, bf16, fp16'),
        ('openvino', 'fp32', 'none of openvino; give one of f32, bf16, int8'),
    ],
)
def test_what_does_not_exist_is_refused(backend, precision, message):
    with pytest.raises(ConfigError, match=message):
        backend_config(TORCH, backend, precision=precision)


def test_the_exact_one_is_tried_first():
    names = list(candidate_backends(TORCH, device='cpu', quantised=Path('int8')))
    assert names[0] == EXACT
    assert candidate_backends(TORCH, device='cpu', quantised=None)[EXACT] == {
        **TORCH,
        'precision': 'fp32',
    }


def test_int8_needs_a_folder_and_openvino_an_installation(monkeypatch):
    monkeypatch.setattr(backends, 'find_spec', lambda _: object())
    assert 'openvino int8' in candidate_backends(TORCH, device='cpu', quantised=Path('int8'))
    assert 'openvino int8' not in candidate_backends(TORCH, device='cpu', quantised=None)
    monkeypatch.setattr(backends, 'find_spec', lambda _: None)
    found = candidate_backends(TORCH, device='cpu', quantised=Path('int8'))
    assert not [name for name in found if name.startswith('openvino')]


def test_a_gpu_runs_torch():
    found = candidate_backends(TORCH, device='cuda:0', quantised=Path('int8'))
    assert list(found) == ['torch fp32', 'torch bf16', 'torch fp16']


def test_only_labels_count():
    first = np.array([[0.1, 0.49], [0.5, 0.9]])
    second = np.array([[0.4, 0.5], [0.51, 0.6]])
    assert label_agreement(first, second, 0.5) == 0.75
    assert label_agreement(first, second, 0.05) == 1.0


def test_a_device_that_works_is_returned():
    assert find_device('cpu') == 'cpu'


@pytest.mark.parametrize('name', ['meteor', 'cuda:99'])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ConfigError, match=f"'{name}' cannot be used here"):
        find_device(name)


def test_without_pytorch_there_is_the_cpu_alone(monkeypatch):
    monkeypatch.setattr(backends, 'has_training', lambda: False)
    assert find_device('auto') == find_device('cpu') == 'cpu'
    with pytest.raises(ConfigError, match=r"'cuda' cannot .*; use cpu, or .*dfpenet_mm\[train\]"):
        find_device('cuda')


def test_a_machine_without_a_driver_is_not_asked_twice(monkeypatch):
    """Loading PyTorch to find no GPU would take longer than a small map."""

    def ask():
        raise AssertionError('PyTorch was asked')

    monkeypatch.setattr('torch.cuda.is_available', ask)
    monkeypatch.setattr(backends, 'DRIVERS', ('no_such_library.so',))
    assert find_device('auto') == 'cpu'
    monkeypatch.setattr(backends, 'DRIVERS', ('libc.so.6',))
    with pytest.raises(AssertionError, match='PyTorch was asked'):
        find_device('auto')


def test_an_exported_network_is_compared_with_itself_in_float32():
    found = candidate_backends(TORCH, device='cpu', quantised=Path('int8'), exported=True)
    assert list(found) == ['openvino f32', 'openvino bf16', 'openvino int8']


def test_a_gpu_has_its_own_name(monkeypatch):
    monkeypatch.setattr('torch.cuda.get_device_name', lambda device: f'GPU at {device}')
    assert device_name() == processor.processor_name()
    assert device_name('cuda:1') == 'GPU at cuda:1'
