import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dfpenet_mm.mapping.network.load_model import build_model
from dfpenet_mm.resources import config_dir
from tests.generated_experiment import small

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    command = [sys.executable, str(ROOT / 'tools/draw_segmentation.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.slow
def test_a_sheet_of_a_generated_test_set(tmp_path):
    config = small(config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py', tmp_path)
    torch.save({'state_dict': build_model(config).state_dict()}, tmp_path / 'net.pth')
    for key in ('work_dir', 'experiment_name', 'launcher'):
        config.pop(key)
    config.dump(tmp_path / 'config.py')
    target = tmp_path / 'sheet.png'
    done = run(tmp_path / 'config.py', tmp_path / 'net.pth', '--out', target, '--samples', 2)
    assert (done.returncode, done.stdout) == (0, f'wrote {target}\n'), done.stderr
    assert target.is_file()
    done = run(tmp_path / 'config.py', tmp_path / 'net.pth', '--out', target, '--indices', 2)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: the test set has 2 samples')
    assert done.stderr.count('\n') == 1
