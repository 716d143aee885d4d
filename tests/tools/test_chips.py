"""The commands around landslide chips as a user starts them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from dfpenet_mm.resources import config_dir
from tests.preparation.chips.chip_world import pixel_box, write_inventory, write_scene

ROOT = Path(__file__).resolve().parents[2]
CONFIG = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'


def run(tool, *arguments):
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def run_here(capsys, *arguments):
    spec = importlib.util.spec_from_file_location(
        'chips', ROOT / 'tools/dataset_converters/chips.py'
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.main([str(argument) for argument in arguments])
    return capsys.readouterr().out


@pytest.fixture
def inputs(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, hole=np.s_[:20, :20])
    boxes = [pixel_box(row, col, 6, 5) for row in range(4, 96, 24) for col in range(4, 128, 24)]
    labels = write_inventory(tmp_path / 'labels.gpkg', boxes, layer='slides')
    return ['--image', scene, '--labels', labels, '--chip', 16, '--block-size', '320m']


def test_chips_are_cut_and_checked(inputs, tmp_path):
    out = tmp_path / 'out'
    done = run('dataset_converters/chips.py', *inputs, '--out', out, '--random-val', 4)
    assert (done.returncode, done.stderr) == (0, '')
    lines = done.stdout.splitlines()
    assert lines[0] == 'inventory: 24 features, 0 mended, 0 ignored'
    assert lines[2].startswith('landslide pixels in no chip: ')
    assert lines[3].startswith('train: ')
    assert lines[-1] == f'wrote {out}; look at {out}/quick_look.png'
    summary = json.loads((out / 'summary.json').read_text())
    assert summary['inputs']['labels']['name'] == 'labels.gpkg'
    assert summary['report']['sides']['val']['chips'] == 4
    assert '--random-val' in summary['command']

    roots = [
        f'{name}_dataloader.dataset.data_root={out}/{side}'
        for name, side in (('train', 'train'), ('val', 'val'), ('test', 'val'))
    ]
    unmapped = run('check_data.py', CONFIG, '--cfg-options', *roots)
    assert (unmapped.returncode, unmapped.stdout) == (2, '')
    assert 'holds the values 1' in unmapped.stderr
    assert unmapped.stderr.count('\n') == 1


def test_bad_input_is_one_sentence_and_leaves_no_folder(inputs, tmp_path):
    far = write_inventory(tmp_path / 'far.gpkg', [pixel_box(0, 9000, 5, 5)])
    done = run('dataset_converters/chips.py', *inputs, '--labels', far, '--out', tmp_path / 'out')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: the inventory {far} reaches from')
    assert done.stderr.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_bands_that_are_named_are_taken_at_their_word(inputs, tmp_path, capsys):
    with rasterio.open(inputs[1], 'r+') as scene:
        scene.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
        blue, red = scene.read(1)[0, 30], scene.read(3)[0, 30]
    first = {}
    for name, bands in {'a': (), 'b': ('--bands', 1, 2, 3), 'c': ('--bands', '1,2,3')}.items():
        said = run_here(capsys, *inputs, '--out', tmp_path / name, *bands)
        assert ('--bands 1,2,3 reads the first three' in said) is (name == 'a')
        chip = next((tmp_path / name).glob('train/images/*.tif'))
        with rasterio.open(chip) as image:
            first[name] = image.read()
    assert blue != red
    assert (first['b'] == first['c']).all()
    assert (first['a'] == first['b'][::-1]).all()
    assert not (first['a'] == first['b']).all()
