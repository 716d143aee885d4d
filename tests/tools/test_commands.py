"""The tools as a user starts them: their own lines, one sentence on bad input."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from dfpenet_mm.errors import OutputError
from dfpenet_mm.resources import config_dir
from tests.models.release_reference import release_state_dict

ROOT = Path(__file__).resolve().parents[2]
CONFIG = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'


def run(tool, *arguments):
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def damaged(tmp_path):
    torch.save({'state_dict': [1, 2]}, tmp_path / 'list.pth')
    return tmp_path / 'list.pth'


@pytest.mark.slow
def test_five_classes_are_told_which_config_to_use(tmp_path):
    torch.save({'state_dict': release_state_dict(1, 5)}, tmp_path / 'release.pth')
    target = tmp_path / 'ours.pth'
    done = run('convert_checkpoint.py', tmp_path / 'release.pth', target)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == (
        f'wrote {target}: 5 classes; use it with configs/dfpenet/release_2class.py '
        f'(dilations 2, 4, 8) and --cfg-options model.decode_head.num_classes=5\n'
    )


@pytest.mark.parametrize(
    'command',
    [
        ['convert_checkpoint.py'],
        ['convert_mobilenetv2.py'],
        ['convert_efficientnet_lite.py', '--variant', '1'],
        ['publish_checkpoint.py'],
    ],
    ids=lambda command: command[0],
)
def test_converters_end_in_one_sentence(command, damaged, tmp_path):
    done = run(*command, damaged, tmp_path / 'target.pth')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: {damaged} has no state_dict')
    assert done.stderr.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['list.pth']


def test_a_network_without_its_weights_is_never_scored(tmp_path):
    torch.save({'state_dict': {'stranger': torch.ones(1)}}, tmp_path / 'other.pth')
    done = run('test.py', CONFIG, tmp_path / 'other.pth', '--work-dir', tmp_path / 'run')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: checkpoint {tmp_path / "other.pth"} does not fit')
    assert done.stderr.count('\n') == 1
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('tool', ['check_data.py', 'learning_curve.py'])
def test_parts_that_do_not_fit_end_every_command_that_trains(tool, tmp_path):
    options = ['--cfg-options', 'model.decode_head.in_channels=100']
    out = ['--out', tmp_path / 'curve'] if tool == 'learning_curve.py' else []
    done = run(tool, CONFIG, *out, *options)
    assert (done.returncode, done.stdout) == (2, '')
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: the model of ')
    assert 'DFPEHead has in_channels 100, and the levels it is given have 64, or 160' in line


def test_predictions_and_pictures_do_not_meet(tmp_path):
    write_files = import_module('tools.test').write_files
    config = Config(dict(custom_hooks=[dict(type='Own')]))
    (tmp_path / 'old').mkdir()
    with pytest.raises(OutputError, match=r'name another folder with --show-dir$'):
        write_files(config, out=tmp_path / 'new', pictures=tmp_path / 'old')
    with pytest.raises(OutputError, match=r'name another folder with --out$'):
        write_files(config, out=tmp_path / 'old', pictures=tmp_path / 'new')
    with pytest.raises(OutputError, match=r'are both .*/new, where files of one name would meet'):
        write_files(config, out=tmp_path / 'new', pictures=tmp_path / 'old' / '..' / 'new')
    assert config.custom_hooks == [dict(type='Own')]
    write_files(config, out=tmp_path / 'a', pictures=tmp_path / 'b')
    files = dict(type='PredictionFilesHook', out=f'{tmp_path}/a', pictures=f'{tmp_path}/b')
    assert config.custom_hooks[1] == files


def test_details_are_asked_of_every_landslide_metric():
    tool = import_module('tools.test')
    metrics = [{'type': 'SegmentationMetric'}, {'type': 'LandslideMetric', 'pixel_size': 3.0}]
    config = Config({'test_evaluator': [*metrics, {'type': 'LandslideMetric'}]})
    tool.ask_for_details(config, pixel_size=10.0, resamples=5, seed=1)
    others, known, unknown = config.test_evaluator
    assert others == {'type': 'SegmentationMetric'}
    assert (known.pixel_size, unknown.pixel_size) == (3.0, 10.0)
    assert (unknown.details, unknown.resamples, unknown.seed) == (True, 5, 1)
    alone = Config({'test_evaluator': {'type': 'LandslideMetric'}})
    tool.ask_for_details(alone, pixel_size=None, resamples=0, seed=0)
    assert alone.test_evaluator.details
