"""The benchmark of lessons as a user starts it, on a scene of the tests of teaching."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.teaching.conftest import PLACE, lesson_folder

ROOT = Path(__file__).resolve().parents[2]
__all__ = ['lesson_folder']


@pytest.mark.slow
def test_a_lesson_is_given_judged_and_not_given_again(lesson_folder, tmp_path):
    images, masks = tmp_path / 'images', tmp_path / 'masks'
    images.mkdir()
    masks.mkdir()
    with rasterio.open(lesson_folder / 'post.tif') as source:
        bands = source.read()
        profile = {**source.profile, 'transform': PLACE}
    with rasterio.open(images / 'scene.tif', 'w', **profile) as scene:
        scene.write(bands)
    with rasterio.open(masks / 'scene.tif', 'w', **{**profile, 'count': 1}) as mask:
        mask.write((bands[:1] > 140).astype(np.uint8))
    network = [lesson_folder / name for name in ('config.py', 'weights.pth')]
    command = [sys.executable, ROOT / 'benchmarks' / 'teaching.py', images, masks]
    command += ['--out', tmp_path / 'out', '--steps', '2', '--network', *network]
    command += ['--control', images, masks]
    kept = tmp_path / 'out' / 'scene' / 'benchmark.json'
    tables = []
    for _ in range(2):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        tables.append(done.stdout)
        written = kept.stat().st_mtime_ns
    assert tables[0] == tables[1]
    assert kept.stat().st_mtime_ns == written
    found = json.loads(kept.read_text())
    assert 0 <= found['before'] <= 1
    assert f'| scene | {found["before"]:.3f} | {found["after"]:.3f} |' in tables[0]
    assert 'control, weights: ' in tables[0]
