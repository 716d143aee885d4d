"""The network of a run that names none, and the refusal of half a network."""

from pathlib import Path

import pytest

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.resources import network_files
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
