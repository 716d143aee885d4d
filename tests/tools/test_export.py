"""``tools/export.py`` as a user starts it; exports themselves are tested in tests/export."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.mapping.network.card import NetworkCard

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/dfpenet/landslide4sense_mobilenetv2.py'
CHECKPOINT = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'


def run(*arguments, checkpoint=CHECKPOINT):
    command = [sys.executable, str(ROOT / 'tools' / 'export.py'), CONFIG, str(checkpoint)]
    command += list(map(str, arguments))
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def chips(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        pixels = rng.integers(0, 200, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'images/{index}.png')
        mask = (rng.uniform(size=(64, 64)) > 0.5).astype(np.uint8) * 255
        Image.fromarray(mask).save(tmp_path / f'masks/{index}.png')
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(find_spec('nncf') is None, reason='NNCF is not installed')
def test_int8_of_the_shipped_network(chips, tmp_path):
    out = tmp_path / 'int8'
    done = run('--precision', 'int8', '--calibration', chips / 'images', '--validation', chips,
               '--out', out, '--json')  # fmt: skip
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert json.loads((out / 'card.json').read_text()) == card
    assert card['calibration_windows'] == 3
    assert card['validation']['agreement'] > 0.9
    assert str(tmp_path) not in done.stdout
    # What the network states about itself travels with it, under the same reader.
    beside = NetworkCard.read(ROOT / CHECKPOINT.replace('.pth', '.json'))
    assert NetworkCard.read(out / 'card.json') == replace(beside, path=out / 'card.json')


def test_a_card_of_other_weights_is_refused_first(tmp_path):
    weights = tmp_path / 'weights.pth'
    weights.write_bytes(b'others')
    (tmp_path / 'weights.json').write_bytes((ROOT / CHECKPOINT).with_suffix('.json').read_bytes())
    done = run(checkpoint=weights)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'their card weights.json was written for' in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ['weights.json', 'weights.pth']


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (('--precision', 'int8'), '--precision int8 needs real windows'),
        (('--out', 'configs'), 'configs exists; remove it'),
    ],
)
def test_bad_input_is_one_sentence(arguments, complaint):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: ')
    assert complaint in done.stderr
    assert done.stderr.count('\n') == 1
