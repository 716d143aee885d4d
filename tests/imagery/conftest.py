import pytest

from dfpenet_mm.imagery import network
from tests.imagery.world import serving


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A server that is asked again at once, as tests cannot wait."""
    monkeypatch.setattr(network, 'BACK_OFF_S', 0.01)
    monkeypatch.setattr(network, 'RETRIES', 2)
    folder = tmp_path / 'world'
    folder.mkdir()
    with serving(folder) as world:
        yield world
