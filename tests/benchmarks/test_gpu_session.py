"""The session's stages with commands that do nothing; what a GPU does is not tested here."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('gpu_session', ROOT / 'benchmarks/gpu_session.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def session(tool, tmp_path):
    options = ['--out', str(tmp_path / 'out'), '--device', 'cpu', '--minutes', '12']
    return tool.GpuSession(tool.parse_arguments([*options, '--weights', 'resnet50.pth']))


def test_a_stage_is_asked_to_end_and_its_output_kept(session):
    command = ['-u', '-c', "import time; print('begun'); time.sleep(60)"]
    status, text = session.call('stage', command, 1.0)
    assert status == -15
    assert text.startswith('begun') or text == ''
    assert session.call('other', ['-c', "print('done')"], 60) == (0, 'done\n')
    assert (session.out / 'other.log').read_text() == 'done\n'


def test_the_schedule_fills_the_time_that_is_left(session, monkeypatch):
    calls = {}

    def call(name, command, seconds):
        calls[name] = command
        if name == 'train':
            run = session.out / 'run'
            run.mkdir()
            (run / 'iter_900.pth').write_bytes(b'')
            assert 590 < seconds <= 600
        return 0, 'x landslide/IoU: 12'

    monkeypatch.setattr(session, 'call', call)
    session.train(0.5)
    steps = 1019
    assert calls['train'][-4:] == [
        f'train_cfg.val_interval={steps}',
        'param_scheduler.0.end=101',
        'param_scheduler.1.begin=101',
        f'param_scheduler.1.end={steps}',
    ]
    assert 'model.backbone.init_cfg.checkpoint=resnet50.pth' in calls['train']
    assert calls['publish'][1:] == [
        str(session.out / 'run' / 'iter_900.pth'),
        str(session.out / 'weights.pth'),
    ]
    found = json.loads((session.out / 'session.json').read_text())
    assert found['training']['saved'] == ['iter_900.pth']
    assert found['scores'] == {'exit': 0, 'lines': ['x landslide/IoU: 12']}


def test_a_training_without_weights_ends_the_session(session, monkeypatch):
    monkeypatch.setattr(session, 'call', lambda *_: (1, ''))
    with pytest.raises(SystemExit, match=r'left no weights; read .*train\.log'):
        session.train(0.5)
