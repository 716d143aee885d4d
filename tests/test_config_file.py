"""Configs for mapping come out as mmengine reads them, without it."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

from dfpenet_mm.config_file import RunConfig, read_run_config
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.resources import config_dir

CONFIGS = sorted(config_dir().rglob('*.py'))
BASE = """
import math
size = math.floor(8.5)
own = lambda: size
norm = dict(type='BN', eps=1e-5)
model = dict(backbone=dict(type='A', depth=18, norm=norm), heads=[dict(a=1), dict(b=2)])
mapping = dict(window=size, bands=(1, 2, 3), scaling=dict(type='LinearScale', scale=2))
"""
CHILD = """
_base_ = ['base.py']
steps = _base_.model.heads
steps[1] = dict(c=_base_.norm.eps)
model = dict(backbone=dict(depth=50), neck=dict(size=_base_.size), heads=steps)
mapping = dict(window=16, scaling=dict(_delete_=True, type='GroundStretch'))
postproc = [dict(type='Vectoriser')]
"""


@pytest.fixture
def child(tmp_path):
    (tmp_path / 'base.py').write_text(BASE)
    (tmp_path / 'child.py').write_text(CHILD)
    return tmp_path / 'child.py'


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_what_mmengine_reads(path):
    assert read_run_config(path).to_dict() == Config.fromfile(path).to_dict()


def test_a_config_inherits_as_in_mmengine(child):
    found = read_run_config(child)
    assert found.to_dict() == Config.fromfile(child).to_dict()
    assert found['model']['heads'] == [{'a': 1}, {'c': 1e-5}]
    assert found['mapping'] == {
        'window': 16,
        'bands': (1, 2, 3),
        'scaling': {'type': 'GroundStretch'},
    }
    assert {type(found['model']), type(found['model']['heads'][1])} == {dict}
    assert found.filename == str(child)


def test_a_config_may_build_on_an_exported_networks_settings(tmp_path):
    (tmp_path / 'mapping.json').write_text(json.dumps({'mapping': {'window': 8}, 'postproc': []}))
    (tmp_path / 'mine.py').write_text("_base_ = 'mapping.json'\nmapping = dict(stride=4)\n")
    wanted = {'mapping': {'window': 8, 'stride': 4}, 'postproc': []}
    assert read_run_config(tmp_path / 'mine.py').to_dict() == wanted


@pytest.mark.parametrize(
    'options',
    [
        ['mapping.window=64', 'mapping.threshold=0.7'],
        ['postproc.0.filename=[a.gpkg,b.geojson]'],
        ['postproc.0.added=(1,[2,x],None)', 'mapping.nodata=0,255'],
        ['mapping.bands=(1,)', 'mapping.by_colour=False', 'mapping.scaling.type="Linear Scale"'],
        ['mapping.bands=()', 'mapping.nodata=[]', 'mapping.scaling.target=[(1,2),(3,4)]'],
    ],
)
def test_options_come_out_as_in_mmengine(child, options):
    config = Config.fromfile(child)
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='+', action=DictAction)
    config.merge_from_dict(parser.parse_args(['--options', *options]).options)
    assert read_run_config(child, options).to_dict() == config.to_dict()


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        ('mapping.window', 'is not KEY=VALUE'),
        ('mapping.bands=(1,2', 'has brackets that are not closed'),
        ('model.backbone.depth=34', 'nobody reads model once the config is loaded'),
        ('maping.window=3', 'did you mean mapping'),
        ('postproc.1.type=Vectoriser', 'is a list of 1, counted from 0'),
    ],
)
def test_options_that_nobody_reads_are_refused(child, option, complaint):
    with pytest.raises(ConfigError, match=complaint.replace('(', r'\(')):
        read_run_config(child, [option])


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('mapping = dict(', 'SyntaxError'),
        ("root = '{{ fileDirname }}'", 'only mmengine understands'),
        ('with read_base():\n    from .a import *', 'only mmengine understands'),
        ("_base_ = ['a.py', 'b.py']", 'several bases set mapping'),
        ("_base_ = 'gone.py'", 'FileNotFoundError'),
        ("_base_ = 'a.py'\nmapping = dict(window=dict(x=1))", 'window is 1, with no settings'),
        ("_base_ = 'a.py'\nside = _base_.sidde", 'no base has sidde'),
        ("custom_imports = dict(imports=['no_such_module_xyz'])", 'ModuleNotFoundError'),
    ],
)
def test_a_config_that_cannot_be_run_is_one_sentence(tmp_path, text, complaint):
    for name in ('a', 'b'):
        (tmp_path / f'{name}.py').write_text('mapping = dict(window=1)\n')
    (tmp_path / 'c.py').write_text(text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        read_run_config(tmp_path / 'c.py')
    assert '\n' not in str(caught.value)


def test_a_config_that_is_missing(tmp_path):
    with pytest.raises(InputFileError, match=r'no\.py does not exist'):
        read_run_config(tmp_path / 'no.py')


def test_modules_of_hooks_are_imported_and_those_of_networks_are_not(tmp_path):
    """In a process of its own, so that nothing is loaded yet."""
    (tmp_path / 'hooks_of_a_user.py').write_text('LOADED = True\n')
    (tmp_path / 'c.py').write_text(
        "custom_imports = dict(imports=['dfpenet_mm.models', 'hooks_of_a_user'])\n"
    )
    program = (
        'import sys\n'
        'from pathlib import Path\n'
        'from dfpenet_mm.config_file import read_run_config\n'
        f'read_run_config(Path({str(tmp_path / "c.py")!r}))\n'
        "print(sys.modules['hooks_of_a_user'].LOADED, 'torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, '-c', program],
        env={'PYTHONPATH': f'{tmp_path}:{Path(__file__).parents[1]}'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ('True False\n', '')


def test_a_copy_shares_nothing():
    config = RunConfig({'mapping': {'window': 8}})
    config.to_dict()['mapping']['window'] = 9
    assert config['mapping']['window'] == 8
