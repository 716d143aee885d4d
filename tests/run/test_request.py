from pathlib import Path

import pytest

from dfpenet_mm.errors import ConfigError, InputFileError, OutputError
from dfpenet_mm.run.request import RunRequest, require_files


def request(folder, **more):
    return RunRequest(
        post=folder / 'a', config=folder / 'config.py', checkpoint=folder / 'w', **more
    )


def test_files_are_named_by_role_and_those_not_given_left_out(tmp_path):
    layers = {'dem': tmp_path / 'dem.tif', 'nir': tmp_path / 'nir.tif'}
    asked = request(tmp_path, layers=layers)
    assert list(asked.by_role()) == ['post', 'layer_dem', 'layer_nir', 'checkpoint']
    assert asked.by_role()['layer_nir'] == tmp_path / 'nir.tif'


def test_every_file_must_be_there(tmp_path):
    for name in ('a', 'w'):
        (tmp_path / name).touch()
    require_files(request(tmp_path).by_role())
    layers = {'dem': tmp_path / 'dem.tif'}
    with pytest.raises(InputFileError, match=r'layer_dem file .*dem\.tif does not exist'):
        require_files(request(tmp_path, layers=layers).by_role())


def test_half_a_network_is_refused_at_once(tmp_path):
    with pytest.raises(ConfigError, match='was given alone'):
        RunRequest(post=tmp_path / 'a', checkpoint=tmp_path / 'w')


def test_products_lie_where_the_command_runs():
    assert RunRequest(post=Path('/data/scene.v2.tif')).folder == Path('landslides_scene.v2')


def test_a_name_too_long_for_a_folder_is_refused_at_once():
    with pytest.raises(OutputError, match=r'too long\); name one with --out'):
        RunRequest(post=Path(f'{"a" * 250}.tif'))
