"""From generated chips to a published network, through the commands a user types."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from PIL import Image
from rasterio.transform import from_origin

from dfpenet_mm.resources import config_dir
from tests.docs.blocks import blocks
from tests.generated_experiment import SIZE, write_pair

ROOT = Path(__file__).resolve().parents[1]
CONFIG = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'


def run(tool, *arguments, cwd=ROOT):
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def write_chips(folder, count):
    """Chips whose landslides are the bright half: something a network learns in no time."""
    rng = np.random.default_rng(0)
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    for index in range(count):
        mask = np.zeros((128, 128), np.uint8)
        mask[:, rng.integers(32, 96) :] = 255
        noise = rng.integers(0, 60, (128, 128, 3))
        image = (np.where(mask[..., None], 150, 40) + noise).astype(np.uint8)
        Image.fromarray(image).save(folder / 'images' / f'{index}.png')
        Image.fromarray(mask).save(folder / 'masks' / f'{index}.png')


@pytest.fixture(scope='module')
def options(tmp_path_factory):
    """Settings that make the shipped config a run of seconds on generated chips."""
    root = tmp_path_factory.mktemp('chips')
    write_chips(root / 'train', 6)
    write_chips(root / 'val', 3)
    return [
        '--cfg-options',
        'model.backbone.init_cfg=None',
        f'train_dataloader.dataset.data_root={root / "train"}',
        f'val_dataloader.dataset.data_root={root / "val"}',
        f'test_dataloader.dataset.data_root={root / "val"}',
        'train_dataloader.batch_size=2',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
        'train_cfg.val_interval=4',
        'default_hooks.checkpoint.interval=2',
        'default_hooks.logger.interval=1',
    ]


@pytest.fixture(scope='module')
def work_dir(options, tmp_path_factory):
    """A run stopped after two iterations and resumed to four."""
    folder = tmp_path_factory.mktemp('run')
    first = run('train.py', CONFIG, '--work-dir', folder, *options, 'train_cfg.max_iters=2')
    assert first.returncode == 0, first.stderr
    done = run(
        'train.py', CONFIG, '--work-dir', folder, '--resume', *options, 'train_cfg.max_iters=4'
    )
    assert done.returncode == 0, done.stderr
    assert 'resumed epoch: 0, iter: 2' in done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_resumed_run_ends_where_it_should(work_dir):
    assert (work_dir / 'iter_4.pth').is_file()


@pytest.mark.slow
def test_published_weights_score_as_the_run_said(work_dir, options, tmp_path):
    published = tmp_path / 'published.pth'
    assert run('publish_checkpoint.py', work_dir / 'iter_4.pth', published).returncode == 0
    assert torch.load(published, weights_only=True)['state_dict']
    done = run('test.py', CONFIG, published, '--tta', '--work-dir', tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert 'landslide/IoU' in done.stdout + done.stderr


SHIPPED = ROOT / 'checkpoints' / 'dfpenet_mobilenetv2_landslide4sense.pth'


@pytest.mark.slow
@pytest.mark.parametrize(
    ('page', 'start', 'said'),
    [
        ('four_bands', 'model.backbone.init_cfg=None', 'Iter(val)'),
        (
            'four_bands_mobilenetv2',
            f'load_from={SHIPPED}',
            'backbone.conv1.conv.weight of three bands starts 4 bands',
        ),
    ],
)
def test_four_bands_of_the_pages_train_and_map(page, start, said, tmp_path):
    """In a folder elsewhere, and in processes that have imported nothing."""
    shutil.copytree(config_dir(), tmp_path / 'configs')
    config = Path('configs', 'dfpenet', f'{page}.py')
    (block,) = (block for block in blocks('python') if block.first == f'# {config}')
    (tmp_path / config).write_text(block.text)
    for split in ('train', 'val'):
        for index in range(2):
            write_pair(tmp_path / split, f'{index}', 2, {'masks': lambda label: label}, bands=4)
    pipeline = Config.fromfile(tmp_path / config).train_dataloader.dataset.pipeline
    options = [
        start,
        f'model.data_preprocessor.size={SIZE, SIZE}'.replace(' ', ''),
        *(
            f'train_dataloader.dataset.pipeline.{index}.crop_size={SIZE, SIZE}'.replace(' ', '')
            for index, step in enumerate(pipeline)
            if 'crop_size' in step
        ),
        'train_dataloader.batch_size=2',
        'train_cfg.max_iters=2',
        'train_cfg.val_interval=2',
        'default_hooks.checkpoint.interval=2',
        'default_hooks.logger.interval=1',
    ]
    for split, folder in {'train': 'train', 'val': 'val', 'test': 'val'}.items():
        loader = f'{split}_dataloader'
        options.append(f'{loader}.dataset.data_root={tmp_path / folder}')
        options += [f'{loader}.num_workers=0', f'{loader}.persistent_workers=False']
    done = run('train.py', config, '--work-dir', 'run', '--cfg-options', *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert said in done.stdout + done.stderr
    if page == 'four_bands':
        return  # a ResNet-101 that takes its time to map

    scene = tmp_path / 'scene.tif'
    shutil.copy(tmp_path / 'val' / 'images' / '0.tif', scene)
    with rasterio.open(scene, 'r+') as raster:
        raster.crs, raster.transform = 'EPSG:32654', from_origin(500_000, 4_700_000, 10, 10)
    arguments = ['run/iter_2.pth', '--post', scene, '--out', 'map', '--no-report']
    done = run('landslide_map.py', config, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    with rasterio.open(tmp_path / 'map' / 'mask.tif') as mask:
        assert mask.shape == (SIZE, SIZE)


@pytest.mark.parametrize(
    ('tool', 'arguments', 'lacking'),
    [
        ('train.py', [], 'train_dataloader, train_cfg, optim_wrapper'),
        ('test.py', ['none.pth'], 'test_dataloader, test_cfg, test_evaluator'),
    ],
)
def test_a_config_of_a_network_alone_is_told_apart(tool, arguments, lacking, tmp_path):
    leaf = config_dir() / 'dfpenet' / 'release_2class.py'
    done = run(tool, leaf, *arguments, '--work-dir', tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: {leaf} has no {lacking};')
    assert done.stderr.count('\n') == 1


def test_missing_data_is_one_sentence(options, tmp_path):
    where = f'train_dataloader.dataset.data_root={tmp_path}'
    done = run('train.py', CONFIG, '--work-dir', tmp_path / 'run', *options, where)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f'error: {tmp_path}')
    assert 'Traceback' not in done.stderr
