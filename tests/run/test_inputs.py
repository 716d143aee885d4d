from pathlib import Path

import pytest

from dfpenet_mm.cli.landslide_map_options import named_layers
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.run.inputs import MappingInputs


def test_files_are_named_by_role_and_those_not_given_left_out(tmp_path):
    layers = {'dem': tmp_path / 'dem.tif', 'nir': tmp_path / 'nir.tif'}
    inputs = MappingInputs(post=tmp_path / 'a', checkpoint=tmp_path / 'w', layers=layers)
    assert list(inputs.by_role()) == ['post', 'layer_dem', 'layer_nir', 'checkpoint']
    assert inputs.by_role()['layer_nir'] == tmp_path / 'nir.tif'


def test_every_file_must_be_there(tmp_path):
    for name in ('a', 'w'):
        (tmp_path / name).touch()
    inputs = MappingInputs(post=tmp_path / 'a', checkpoint=tmp_path / 'w')
    inputs.check_exist()
    layers = {'dem': tmp_path / 'dem.tif'}
    with pytest.raises(InputFileError, match=r'layer_dem file .*dem\.tif does not exist'):
        MappingInputs(post=tmp_path / 'a', checkpoint=tmp_path / 'w', layers=layers).check_exist()


def test_layers_are_named_paths():
    given = named_layers(Path('d.tif'), ['nir=/data/a=b.tif', 'rain=r.vrt'])
    assert given == {
        'dem': Path('d.tif'),
        'nir': Path('/data/a=b.tif'),
        'rain': Path('r.vrt'),
    }
    assert named_layers(None, []) == {}


@pytest.mark.parametrize('option', ['a.tif', '=a.tif', 'nir=', 'a b=c.tif', '1st=c.tif'])
def test_others_are_refused(option):
    with pytest.raises(ConfigError, match='is not NAME=PATH'):
        named_layers(None, [option])
