"""What runs when the user names no network, and what half a network says."""

import sys
from pathlib import Path

import pytest

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.run.backend import default_backend, default_out, network_files
from tests.cli.conftest import CHECKPOINT, CONFIG


def test_the_shipped_network_is_there():
    assert network_files(None, None) == (CONFIG, CHECKPOINT)
    assert all(path.is_file() for path in network_files(None, None))


def test_given_files_stay():
    mine = Path('a.py'), Path('b.pth')
    assert network_files(*mine) == mine


@pytest.mark.parametrize('files', [(Path('x.tif'), None), (None, Path('x.tif'))])
def test_half_a_network_is_refused(files):
    with pytest.raises(
        ConfigError, match=r'x\.tif was given alone; give CONFIG and the CHECKPOINT'
    ):
        network_files(*files)


def test_openvino_where_it_can_be_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', object())
    assert default_backend('cpu')[0] == 'openvino'
    assert default_backend('cuda:0')[0] == 'torch'
    monkeypatch.setitem(sys.modules, 'openvino', None)
    backend, reason = default_backend('cpu')
    assert backend == 'torch'
    assert "pip install 'dfpenet_mm[openvino]'" in reason


def test_products_lie_where_the_command_runs():
    assert default_out(Path('/data/scene.v2.tif')) == Path('landslides_scene.v2')
