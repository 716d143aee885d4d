"""A training run of seconds: the shipped network and schedule on a few small chips."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.resources import config_dir

ROOT = Path(__file__).resolve().parents[2]
LEAF = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'
CONFIG = """
_base_ = [{leaf!r}]
model = dict(
    backbone=dict(widen_factor=0.25, init_cfg=None),
    neck=dict(in_channels=(8, 8, 8, 80), lateral_channels=(8, 8, 8), channels=8),
    decode_head=dict(in_channels=32, channels=8),
    data_preprocessor=dict(size=(32, 32)),
)
train_dataloader = dict(
    batch_size=2, num_workers=2, dataset=dict(data_root={train!r})
)
val_dataloader = dict(
    batch_size=1, num_workers=0, persistent_workers=False, dataset=dict(data_root={val!r})
)
test_dataloader = val_dataloader
train_cfg = dict(
    _delete_=True, type='ResumableTrainLoop', max_iters=8, val_interval=4
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=4, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-6, begin=4, end=8, by_epoch=False),
]
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(
        _delete_=True, type='ResumableCheckpointHook', interval=1, max_keep_ckpts=-1,
        save_best='landslide/IoU', rule='greater',
    ),
    visualization=dict(_delete_=True, type='PredictionPicturesHook', count=2),
)
log_level = 'INFO'
"""


def write_chips(folder, count, size=32):
    rng = np.random.default_rng(len(folder.name))
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    for index in range(count):
        mask = np.zeros((size, size), np.uint8)
        mask[:, rng.integers(8, 24) :] = 255
        image = np.where(mask[..., None], (180, 120, 90), (40, 70, 50))
        image = (image + rng.integers(0, 60, image.shape)).astype(np.uint8)
        Image.fromarray(image).save(folder / 'images' / f'{index}.png')
        Image.fromarray(mask).save(folder / 'masks' / f'{index}.png')


@pytest.fixture(scope='session')
def tiny_config(tmp_path_factory):
    """Path of the run's config; chips of 32 px, seven to train on and three to validate on."""
    root = tmp_path_factory.mktemp('tiny')
    write_chips(root / 'train', 7)
    write_chips(root / 'val', 3)
    text = CONFIG.format(leaf=str(LEAF), train=str(root / 'train'), val=str(root / 'val'))
    (root / 'tiny.py').write_text(text)
    return root / 'tiny.py'


@pytest.fixture(scope='session')
def environment():
    """One thread a process: sums then have one order."""
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHON': sys.executable}


@pytest.fixture(scope='session')
def start_training(tiny_config, environment):
    """Start ``tools/train.py`` on the tiny config; its output goes to ``WORK_DIR.log``."""

    started = []

    def start(work_dir, *options, new_group=False):
        command = [sys.executable, str(ROOT / 'tools' / 'train.py'), str(tiny_config)]
        # A file: a pipe that nobody reads yet would stop the run when it is full.
        with open(f'{work_dir}.log', 'w') as log:
            process = subprocess.Popen(
                [*command, '--no-data-check', '--work-dir', str(work_dir), *map(str, options)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=new_group,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
