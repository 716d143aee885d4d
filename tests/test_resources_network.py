"""The network of a run that names none, and the refusal of half a network."""

from pathlib import Path

import pytest

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.resources import network_files


def test_the_shipped_network_is_there():
    shipped = [(card.config_file.resolve(), card.weights) for card in shipped_cards()]
    assert network_files(None, None) in shipped
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
