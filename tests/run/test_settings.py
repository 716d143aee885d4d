import pytest
from mmengine.config import Config

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import LISTS, MappingSettings, postproc_hooks, set_images

SECTION = {
    'bands': (3, 2, 1),
    'scaling': {'type': 'LinearScale'},
    'predictor': {'type': 'TorchPredictor'},
    'window': 64,
    'stride': 48,
}


def read(section):
    return MappingSettings.from_config(Config({'mapping': section}))


def complaint(section):
    with pytest.raises(ConfigError) as error:
        read(section)
    return str(error.value)


def test_values_come_through_with_their_defaults():
    settings = read(SECTION | {'bands': [3, 2, 1], 'threshold': 1})
    assert settings.bands == (3, 2, 1)
    assert (settings.window, settings.stride) == (64, 48)
    assert (settings.batch_size, settings.threshold) == (1, 1)
    assert settings.scaling['type'] == 'LinearScale'
    assert (settings.match_histogram, settings.max_shift_m) == ('auto', None)
    assert read(SECTION | {'match_histogram': False}).match_histogram is False


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        *(('bands', value) for value in [3, 'abc', ['a', 'b'], [1.5, 2], [0, 1], [], [True], None]),
        *(('window', value) for value in ['abc', 128.5, None, 0, True]),
        *(('stride', value) for value in [0, 65, '1', -1]),
        *(('batch_size', value) for value in [1.5, None, 0]),
        *(('threshold', value) for value in ['abc', None, 0, 1.01, float('nan'), True]),
        *(('scaling', value) for value in [5, None, 'LinearScale']),
        ('predictor', ['TorchPredictor']),
        *(('match_histogram', value) for value in ['yes', 1, None]),
        *(('nodata', value) for value in [0, 'abc', ['a'], [None], [float('nan')]]),
        ('by_colour', 'no'),
        *(('calibration', value) for value in [5, {'slope': 1}, {'slope': 1, 'bias': 0}]),
        *(('max_shift_m', value) for value in [0, -3, 'far', True, float('inf'), float('nan')]),
    ],
)
def test_a_value_that_cannot_serve_is_named(name, value):
    message = complaint(SECTION | {name: value})
    assert name in message
    assert str(tuple(value) if isinstance(value, list) and name in LISTS else value) in message


def test_a_calibration_is_read():
    found = {'slope': 0.9, 'intercept': -0.5, 'fitted_on': 'chips'}
    assert read(SECTION | {'calibration': found}).platt == PlattScaling(0.9, -0.5)
    assert read(SECTION).platt is None
    assert 'a number above 0' in complaint(SECTION | {'calibration': found | {'slope': -1}})


@pytest.mark.parametrize('section', [None, {}, {'threshold': 0.6}, {'colour': 'red'}], ids=str)
def test_a_section_of_options_alone_is_missing(section):
    assert 'has no mapping section' in complaint(section)


@pytest.mark.parametrize('section', [5, 'abc', [1]], ids=str)
def test_a_section_is_a_dict(section):
    assert f'is {section!r}; give a dict' in complaint(section)


def test_only_what_is_wrong_with_the_names_is_said():
    stranger = complaint(SECTION | {'colour': 'red'})
    assert "has unknown settings ['colour']; wanted are" in stranger
    lacking = complaint({key: SECTION[key] for key in SECTION if key != 'stride'})
    assert "lacks ['stride']; wanted are" in lacking
    assert 'unknown' not in lacking


def test_postproc_is_a_list_of_dicts():
    hooks = [{'type': 'Vectoriser'}]
    assert postproc_hooks(Config({'postproc': hooks})) == hooks
    assert postproc_hooks(Config({'postproc': []})) == []
    with pytest.raises(ConfigError, match='has no postproc list'):
        postproc_hooks(Config({}))
    for value in (3, 'abc', [1], {'type': 'Vectoriser'}):
        with pytest.raises(ConfigError, match='give a list of dicts'):
            postproc_hooks(Config({'postproc': value}))


def test_gsd_range_is_two_numbers():
    with pytest.raises(ConfigError, match='gsd_range'):
        MappingSettings(**SECTION, gsd_range=5)


@pytest.mark.parametrize('scaling', ['GroundStretch', 'LinearScale'])
def test_values_are_asked_of_the_scaling_that_looks_at_them(scaling, tmp_path):
    section = {**SECTION, 'scaling': {'type': scaling}}
    config = Config({'mapping': section})
    asked = RunRequest(post=tmp_path / 'a.tif', values='percentiles')
    if scaling == 'GroundStretch':
        set_images(config, asked)
        assert config.mapping.scaling['values'] == 'percentiles'
    else:
        with pytest.raises(ConfigError, match='--values percentiles was given, and this config'):
            set_images(config, asked)
