"""The command that makes ground without landslides, as a user starts it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio

from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.resources import config_dir
from tests.preparation.chips.chip_world import write_scene

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    command = [sys.executable, str(ROOT / 'tools/dataset_converters/ground.py')]
    command += map(str, arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_a_scene_comes_in_the_values_of_a_network(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 40, 60, dtype='uint16')
    config = config_dir() / 'dfpenet' / 'all_sizes_mobilenetv2.py'
    chips = ('--chip', 32, '--stride', 32, '--scaling-of', config)
    done = run('--scene', scene, '--out', tmp_path / 'snow', *chips)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == f'train: 4 samples\nwrote {tmp_path / "snow"}\n'
    images = []
    for path in (tmp_path / 'snow/train/images').iterdir():
        with rasterio.open(path) as chip:
            images.append(chip.read(1))
    assert np.array(images).dtype == np.uint8
    scaling = build_scaling(load_config(config).mapping['scaling'])
    with Scene(scene) as opened, rasterio.open(scene) as source:
        expected = scaling.fit(opened).apply(source.read((1, 2, 3)))[0]
    windows = [expected[y : y + 32, x : x + 32] for y in (0, 8) for x in (0, 28)]
    for image in images:
        assert min(abs(image - window).max() for window in windows) <= 1
    assert np.ptp(images) > 20


def test_bad_input_is_one_sentence(tmp_path):
    done = run('--pictures', tmp_path / 'gone', '--out', tmp_path / 'out')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: {tmp_path / "gone"} holds no picture')
    assert done.stderr.count('\n') == 1
