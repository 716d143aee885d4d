import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from dfpenet_mm.configs import load_config_with_options, use_flips
from dfpenet_mm.datasets.loading import LoadRasterMask
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.installation import OwnPostproc
from dfpenet_mm.resources import config_dir


@pytest.fixture
def path(tmp_path):
    file = tmp_path / 'config.py'
    file.write_text("mapping = dict(threshold=0.5)\npostproc = [dict(type='A'), dict(type='B')]\n")
    return file


def test_parts_that_a_config_names_find_this_projects_postproc(path, monkeypatch):
    finders = [finder for finder in sys.meta_path if finder is not OwnPostproc]
    monkeypatch.setattr(sys, 'meta_path', finders)
    load_config_with_options(path, [])
    assert OwnPostproc in sys.meta_path


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


@pytest.mark.parametrize('workers', ['num_workers=0, ', ''])
def test_without_workers_none_are_kept_alive(workers, path):
    path.write_text(
        f'train_dataloader = dict({workers}persistent_workers=True, prefetch_factor=4)\n'
        'val_dataloader = dict(num_workers=2, persistent_workers=True, prefetch_factor=4)\n'
    )
    config = load_config_with_options(path, [])
    assert config.train_dataloader.persistent_workers is False
    assert 'prefetch_factor' not in config.train_dataloader
    assert config.val_dataloader == dict(num_workers=2, persistent_workers=True, prefetch_factor=4)


def test_weights_that_ship_are_found_from_any_folder(tmp_path, monkeypatch):
    """Commands that train many times load their configs without train.py."""
    monkeypatch.chdir(tmp_path)
    leaf = config_dir() / 'dfpenet' / 'region_mobilenetv2.py'
    assert Path(load_config_with_options(leaf, []).load_from).is_file()


def test_a_learning_rate_is_scaled_from_a_batch(path):
    with pytest.raises(ConfigError, match=r'which batch that rate is; set auto_scale_lr\.base_ba'):
        load_config_with_options(path, ['auto_scale_lr.enable=True'])
    options = ['auto_scale_lr.enable=True', 'auto_scale_lr.base_batch_size=4']
    assert load_config_with_options(path, options).auto_scale_lr.base_batch_size == 4


FLIPS = [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]


def flipped(steps, tta):
    config = Config(
        dict(
            model=dict(type='Net'),
            tta_model=dict(type='Mean'),
            test_dataloader=dict(dataset=dict(pipeline=steps)),
            tta_pipeline=tta,
        )
    )
    use_flips(config)
    assert config.model == dict(type='Mean', module=dict(type='Net'))
    return config.test_dataloader.dataset.pipeline


def test_flips_are_put_into_the_reading_of_the_test():
    load, resize = dict(type='LoadImage', bands=(1, 2, 3, 4)), dict(type='Resize')
    labels, pack = dict(type=LoadRasterMask, value_map={0: 0, 2: 1}), dict(type='PackSegInputs')
    wrapper = dict(type='TestTimeAug', transforms=[FLIPS, [dict(type='LoadAnnotations')], [pack]])
    tta = [dict(type='LoadRasterImage'), wrapper]

    read, kept, turned = flipped([load, resize, labels, pack], tta)
    assert (read, kept) == (load, resize)
    assert turned == dict(type='TestTimeAug', transforms=[FLIPS, [labels], [pack]])
    assert flipped([load, pack], tta)[1].transforms == [FLIPS, [pack]]


def test_flips_that_are_not_listed_are_missed():
    with pytest.raises(ConfigError, match='has no TestTimeAug, in which flips are listed'):
        flipped([dict(type='PackSegInputs')], [dict(type='RandomFlip')])
