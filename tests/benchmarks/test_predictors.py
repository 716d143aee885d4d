"""The benchmark as a user starts it; what it times is not tested."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(cache, *arguments):
    command = [sys.executable, str(ROOT / 'benchmarks' / 'predictors.py'), *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, 'DFPENET_MM_CACHE': str(cache)},
    )


@pytest.mark.slow
def test_predictors_in_turns(tmp_path):
    config = 'configs/dfpenet/landslide4sense_mobilenetv2.py'
    only = ['torch fp32 channels_last folded', 'openvino f32']
    done = run(
        tmp_path, '--config', config, '--window', 64, '--rounds', 2, '--json', '--only', *only
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found['window'], found['rounds']) == (64, 2)
    (rows,) = found['networks'].values()
    assert list(rows) == ['eager fp32', 'eager fp32, features joined first', *only]
    assert rows['eager fp32']['times_faster'] == 1
    for row in rows.values():
        assert row['label_agreement'] > 0.99
        assert row['seconds_fastest'] <= row['seconds']


def test_bad_input_is_one_sentence(tmp_path):
    done = run(tmp_path, '--rounds', 0)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == ('error: --rounds, --window and --threads count; give at least 1\n')
