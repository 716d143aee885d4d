import pytest
from mmengine.config import Config

from dfpenet_mm.cli.option_names import check_option_name
from dfpenet_mm.errors import ConfigError

CONFIG = Config(
    {
        'mapping': {'window': 64, 'scaling': {'type': 'LinearScale'}},
        'postproc': [{'type': 'GeologicFilter', 'area_factor': 25}],
        'model': {'type': 'EncoderDecoder', 'backbone': {'depth': 18}, 'neck': None},
        'train_dataloader': {'batch_size': 4, 'dataset': {'type': 'LandslideDataset'}},
        'site': {'name': 'Hokkaido', 'seasons': [{'year': 2018}]},
        'data_root': 'data',
    },
)


@pytest.mark.parametrize(
    'name',
    [
        'mapping.window',
        'mapping.threshold',  # has a default; the section's reader refuses strangers
        'mapping.scaling.offset',
        'postproc',
        'postproc.0.area_factor',
        'postproc.0.added',
        'model.backbone.style',
        'model.neck',
        'train_dataloader.drop_last',
        'train_dataloader.dataset.indices',
        'randomness.seed',
        'load_from',
        'site.seasons.0.year',
        'data_root',
    ],
)
def test_settings_that_somebody_reads_pass(name):
    check_option_name(CONFIG, name)


@pytest.mark.parametrize(
    ('name', 'complaint'),
    [
        ('maping.threshold', r'the config has no maping section; did you mean mapping\?'),
        ('postprocess', r'has no postprocess setting; did you mean postproc or '),
        ('foo.bar', 'has no foo section; check the name'),
        ('work_dirr', 'did you mean work_dir'),
        ('', 'has no  setting'),
        ('site.nam', r'site has the settings name, seasons; did you mean name\?'),
        ('site.seasons.0.yaer', r'site\.seasons\.0 has the settings year; did you mean year\?'),
        ('site.seasons.1.year', 'is a list of 1, counted from 0'),
        ('postproc.-1.type', 'is a list of 1'),
        ('postproc.first.type', 'is a list of 1'),
        ('data_root.train', "data_root is 'data', with no settings in it"),
        ('model.neck.channels', r'model\.neck is None, with no settings in it'),
    ],
)
def test_others_are_refused_with_what_is_close(name, complaint):
    with pytest.raises(ConfigError, match=f'^option {name} names no setting: .*{complaint}'):
        check_option_name(CONFIG, name)
