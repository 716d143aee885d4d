import pytest

from dfpenet_mm.configs import load_config_with_options
from dfpenet_mm.errors import ConfigError, InputFileError


@pytest.fixture
def path(tmp_path):
    file = tmp_path / 'config.py'
    file.write_text("mapping = dict(threshold=0.5)\npostproc = [dict(type='A'), dict(type='B')]\n")
    return file


def test_options_reach_dicts_and_lists(path):
    config = load_config_with_options(path, ['mapping.threshold=0.7', 'postproc.1.type=C'])
    assert config.mapping.threshold == 0.7
    assert [hook['type'] for hook in config.postproc] == ['A', 'C']


def test_without_options_the_config_is_itself(path):
    assert load_config_with_options(path, []).mapping.threshold == 0.5


@pytest.mark.parametrize(
    'option',
    [
        'threshold',
        'postproc.7.type=C',
        'maping.threshold=0.7',
        'postprocess=[]',
        '=3',
        'postproc=[1,(2',
    ],
)
def test_impossible_options_are_refused(path, option):
    with pytest.raises(ConfigError):
        load_config_with_options(path, [option])


def test_missing_and_broken_configs(tmp_path):
    with pytest.raises(InputFileError, match='does not exist'):
        load_config_with_options(tmp_path / 'gone.py', [])
    (tmp_path / 'broken.py').write_text('model = dict(')
    with pytest.raises(ConfigError, match='cannot be loaded'):
        load_config_with_options(tmp_path / 'broken.py', [])
