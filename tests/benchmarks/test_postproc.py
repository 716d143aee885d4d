"""The benchmark as a user starts it; what it times is not tested, but that both ways agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_hooks_find_what_the_plain_way_finds(tmp_path):
    command = [sys.executable, str(ROOT / 'benchmarks' / 'postproc.py'), '--folder', str(tmp_path)]
    size = '900x1300'

    done = subprocess.run(
        [*command, '--sizes', size, '--plain', size, '--json', str(tmp_path / 'found.json')],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stderr
    hooks, plain = json.loads((tmp_path / 'found.json').read_text())
    assert (hooks['way'], plain['way']) == ('hooks', 'plain')
    assert hooks['counts'] == plain['counts']
    assert hooks['counts']['found'] > hooks['counts']['kept'] > hooks['counts']['left'] > 50
    assert min(hooks['counts']['pixels'] + hooks['counts']['landslides']) > 0
    assert 'times less CPU time' in done.stdout
    # Results went to temporary folders within those of the scenes, which are kept.
    (scene,) = tmp_path.glob('postproc_900x1300_*')
    assert sorted(path.name for path in scene.iterdir()) == [
        'made',
        'mask.tif',
        'pre_mask.tif',
        'probability.tif',
        'reference.gpkg',
    ]
