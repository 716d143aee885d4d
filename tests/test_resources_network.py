"""The network that a user names, and the refusal of half a network."""

from pathlib import Path

import pytest

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.resources import EXPORTED, network_files


def test_without_a_name_there_is_none():
    assert network_files(None, None) is None


def test_given_files_stay():
    mine = Path('a.py'), Path('b.pth')
    assert network_files(*mine) == mine


def test_shipped_files_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = shipped_cards()[0]
    weights = Path('checkpoints', card.weights.name)
    config = Path('configs', 'dfpenet', card.config_file.name)
    assert network_files(config, weights) == (card.config_file, card.weights)
    folder = Path('checkpoints', card.exported.name)
    assert network_files(folder, None) == (card.exported / 'mapping.json', card.exported)


def test_an_exported_network_brings_its_config(tmp_path):
    folder = tmp_path / 'mine'
    folder.mkdir()
    for name in EXPORTED:
        (folder / name).touch()
    for files in ((folder, None), (None, folder)):
        assert network_files(*files) == (folder / 'mapping.json', folder)
    assert network_files(Path('own.py'), folder) == (Path('own.py'), folder)


@pytest.mark.parametrize('files', [(Path('x.tif'), None), (None, Path('x.tif'))])
def test_half_a_network_is_refused(files):
    with pytest.raises(
        ConfigError, match=r'x\.tif was given alone; give CONFIG and the CHECKPOINT'
    ):
        network_files(*files)


@pytest.mark.parametrize('name', EXPORTED)
def test_a_part_of_an_exported_network_is_refused(tmp_path, name):
    for other in {*EXPORTED} - {name}:
        (tmp_path / other).touch()
    for files in ((tmp_path, None), (None, tmp_path)):
        with pytest.raises(InputFileError, match=f'no whole exported network: {name} missing'):
            network_files(*files)
