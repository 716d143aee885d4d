import inspect
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from dfpenet_mm import config_options
from dfpenet_mm.config_file import CHECKED_SECTIONS
from dfpenet_mm.configs import READ, RUNNER_SETTINGS
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.resources import config_dir


def check_option_name(config, name):
    config_options.check_option_name(
        config, name, read=READ, judged=RUNNER_SETTINGS | CHECKED_SECTIONS
    )


ROOT = Path(__file__).resolve().parents[1]

CONFIG = Config(
    {
        'mapping': {'window': 64, 'scaling': {'type': 'LinearScale'}},
        'postproc': [{'type': 'GeologicFilter', 'area_factor': 25}],
        'model': {'type': 'EncoderDecoder', 'backbone': {'depth': 18}, 'neck': None},
        'train_dataloader': {'batch_size': 4, 'dataset': {'type': 'LandslideDataset'}},
        'tta_pipeline': [{'transforms': [[{'prob': 0.5}]], 'scales': {}}],
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
        'tta_pipeline.0.transforms.0.0.prob',
        'compile',
        'compile.backend',
        'find_unused_parameters',
        'model_wrapper_cfg.type',
        'sync_bn',
        'efficient_conv_bn_eval',
        'activation_checkpointing',
        'auto_scale_lr.enable',
        'env_cfg.mp_cfg.opencv_num_threads',
        'env_cfg.dist_cfg.timeout',
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
        ('tta_pipeline.0.transform', r'has the settings transforms, scales; did you mean transf'),
        ('tta_pipeline.0.scales.big', r'tta_pipeline\.0\.scales has no settings; check the name'),
        ('tta_pipeline.1.scales', 'is a list of 1, counted from 0'),
        ('postproc.-1.type', 'is a list of 1'),
        ('postproc.first.type', 'is a list of 1'),
        ('env_cfg.cudnn_benchmrk', r'env_cfg takes .*; did you mean cudnn_benchmark'),
        ('env_cfg.mp_cfg.start_method', 'mean mp_start_method'),
        (
            'auto_scale_lr.base_batchsize',
            r'takes enable, base_batch_size; did you mean base_batch_',
        ),
        ('model.neck.channels', r'model\.neck is None, with no settings in it'),
    ],
)
def test_others_are_refused_with_what_is_close(name, complaint):
    with pytest.raises(ConfigError, match=f'^option {name} names no setting: .*{complaint}'):
        check_option_name(CONFIG, name)


LEAF = Config.fromfile(config_dir() / 'dfpenet' / 'region_mobilenetv2.py')
LEAF.quarter = dict(scale=64)


@pytest.mark.parametrize(
    ('name', 'mend'),
    [
        (
            'data_root',
            'set train_dataloader.dataset.data_root, val_dataloader.dataset.data_root, '
            'test_dataloader.dataset.data_root instead',
        ),
        ('crop_size', 'set train_dataloader.dataset.pipeline.2.crop_size instead'),
        ('quarter', 'set what shall be another in a config of your own'),
        (
            'mask_values.255',
            'set train_dataloader.dataset.pipeline.1.value_map, '
            'val_dataloader.dataset.pipeline.1.value_map, '
            'test_dataloader.dataset.pipeline.1.value_map, '
            'tta_pipeline.1.transforms.1.0.value_map instead',
        ),
        ('train_pipeline.2.crop_size', 'set train_dataloader.dataset.pipeline instead'),
        ('norm_cfg.type', 'set model.backbone.norm_cfg, model.neck.norm_cfg, '),
        ('test_pipeline', 'set val_dataloader.dataset.pipeline, test_dataloader.dataset.pipeline'),
        ('custom_imports.imports', 'list the modules in the custom_imports of a config of your'),
        ('launcher', 'give --launcher instead'),
    ],
)
def test_what_a_config_has_used_up_is_refused_with_what_to_set(name, mend):
    """One would train on the wrong data without knowing."""
    with pytest.raises(ConfigError) as error:
        check_option_name(LEAF, name)
    first = name.partition('.')[0]
    what = f'option {name} would change nothing: nobody reads {first} once the config is loaded'
    assert str(error.value).startswith(f'{what}; {mend}')


def test_what_to_set_instead_can_be_set():
    for name in ('data_root', 'mask_values', 'train_pipeline', 'norm_cfg', 'losses'):
        with pytest.raises(ConfigError) as error:
            check_option_name(LEAF, name)
        places = str(error.value).partition('; set ')[2].removesuffix(' instead').split(', ')
        for place in places:
            check_option_name(LEAF, place.partition(' and ')[0])


def test_every_name_that_mmengine_and_this_project_read_is_known():
    """A Runner of a later mmengine may read another."""
    sources = [inspect.getsource(Runner)]
    names = set(re.findall(r"\bcfg\.get\(\s*'(\w+)'", sources[0]))
    for path in [*ROOT.glob('dfpenet_mm/**/*.py'), *ROOT.glob('tools/*.py')]:
        names |= set(re.findall(r"\bconfig(?:\.get\(|\[)'(\w+)'", path.read_text()))
    assert {'compile', 'sync_bn', 'train_cfg', 'mapping', 'load_from'} <= names
    # The last two are of a predictor's config.
    assert names - READ == {'custom_imports', 'launcher', 'precision', 'quantised'}
