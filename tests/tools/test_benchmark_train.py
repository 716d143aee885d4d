"""The training benchmark as a user starts it, on generated chips; what it times is not tested."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.resources import config_dir

ROOT = Path(__file__).resolve().parents[2]
CONFIG = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'
OTHER = config_dir() / 'dfpenet' / 'landslide4sense_deeplabv3plus_mobilenetv2.py'


def run(*arguments):
    command = [sys.executable, str(ROOT / 'tools' / 'benchmark_train.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def options(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    for index in range(4):
        mask = np.zeros((64, 64), np.uint8)
        mask[:, 32:] = 255
        Image.fromarray(np.stack([mask // 2] * 3, axis=-1)).save(tmp_path / f'images/{index}.png')
        Image.fromarray(mask).save(tmp_path / f'masks/{index}.png')
    return [
        '--cfg-options',
        f'train_dataloader.dataset.data_root={tmp_path}',
        'train_dataloader.batch_size=2',
        'model.data_preprocessor.size=(64,64)',
    ]


@pytest.mark.slow
def test_two_configs_in_turns(options):
    counts = ['--iters', 3, '--rounds', 2, '--warmup', 0]
    done = run(CONFIG, '--against', OTHER, *counts, '--amp', '--json', *options)
    assert done.returncode == 0, done.stderr
    # Nothing of what libraries say is in the way of the JSON.
    found = json.loads(done.stdout)
    assert found['mixed_precision'] is True
    assert list(found['configs']) == [str(CONFIG), str(OTHER)]
    for cost in found['configs'].values():
        assert (cost['steps'], cost['batch_size']) == (3, 2)
        assert cost['seconds_fastest'] <= cost['seconds_per_step']
        assert cost['steps_per_second'] == pytest.approx(1 / cost['seconds_per_step'])
        assert 0 < cost['data_share'] < 1
    ours, other = found['configs'].values()
    ratio = found['ratio']
    assert ratio['gflop'] == pytest.approx(ours['gflop_forward'] / other['gflop_forward'])
    assert ratio['time_per_gflop'] == pytest.approx(ratio['time'] / ratio['gflop'])


@pytest.mark.slow
def test_lines_to_read(options):
    done = run(CONFIG, '--iters', 1, '--rounds', 1, '--warmup', 0, *options)
    assert done.returncode == 0, done.stderr
    for shown in ('float32', 'steps/s of 2 images', 'waiting for data', 'GFLOP forward'):
        assert shown in done.stdout


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        ((CONFIG, '--iters', 2, '--rounds', 3), '--iters 2, --warmup 5 and --rounds 3 do not fit'),
        (('no_such_config.py',), 'config no_such_config.py does not exist'),
        ((config_dir() / 'dfpenet' / 'release_2class.py',), 'has no train_dataloader'),
    ],
)
def test_bad_input_is_one_sentence(arguments, complaint):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: ')
    assert complaint in done.stderr
    assert done.stderr.count('\n') == 1
