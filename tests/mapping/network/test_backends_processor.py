import platform

import pytest

from dfpenet_mm.mapping.network import backends
from dfpenet_mm.mapping.network.backends import processor_name


def test_linux_tells_in_a_file(tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    info.write_text('processor\t: 0\nmodel name\t: Maker X: 3 GHz\nmodel name\t: other\n')
    monkeypatch.setattr(backends, 'CPU_INFO', info)
    assert processor_name() == 'Maker X: 3 GHz'


@pytest.mark.parametrize('content', [None, 'Hardware : board\n'])
def test_others_tell_python(content, tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    if content:
        info.write_text(content)
    monkeypatch.setattr(backends, 'CPU_INFO', info)
    monkeypatch.setattr(platform, 'processor', lambda: '')
    monkeypatch.setattr(platform, 'machine', lambda: 'arm64')
    assert processor_name() == 'arm64'


def test_a_gpu_has_its_own_name(monkeypatch):
    monkeypatch.setattr('torch.cuda.get_device_name', lambda device: f'GPU at {device}')
    assert processor_name('cuda:1') == 'GPU at cuda:1'
