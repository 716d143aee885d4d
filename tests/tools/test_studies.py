"""Repeated runs as a user starts them, on generated data."""

import importlib
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from dfpenet_mm.resources import config_dir
from tests.generated_experiment import small

ROOT = Path(__file__).resolve().parents[2]


def run(tool, *arguments):
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def run_here(monkeypatch, capsys):
    """Run a tool in this process, which has its libraries loaded; for what trains nothing."""

    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        code = 0
        try:
            importlib.import_module(f'tools.{tool.removesuffix(".py")}').main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(tool, code, printed.out, printed.err)

    return run


def generated(name, folder):
    """A config of the repository, made small and written to a file of its own."""
    folder.mkdir()
    config = small(config_dir() / 'dfpenet' / f'{name}.py', folder)
    for key in ('work_dir', 'experiment_name', 'launcher'):
        config.pop(key)
    path = folder / f'{name}.py'
    config.dump(path)
    return path


@pytest.mark.slow
def test_learning_curve_of_the_papers_own_config(tmp_path, run_here):
    """5 % weighs landslides, which must agree with the loss of every config."""
    config = generated('hokkaido_finetune', tmp_path / 'data')
    arguments = [config, '--out', tmp_path, '--work-root', tmp_path / 'runs', '--seeds', 0]
    done = run('learning_curve.py', *arguments, '--fractions', 100, 5)
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tmp_path / 'learning_curve.csv')
    assert rows.fraction.tolist() == [5, 100]
    assert rows.IoU.between(0, 100).all()
    assert (rows.minutes > 0).all()
    assert Image.open(tmp_path / 'learning_curve.png').width > 1000
    again = run_here('learning_curve.py', *arguments, '--fractions', 5)
    assert 'running' not in again.stdout
    other = run_here('learning_curve.py', *arguments, '--fractions', 5, '--landslide-weight', 9)
    assert other.returncode == 2
    assert 'with other settings' in other.stderr


@pytest.mark.slow
def test_study_fills_its_table(tmp_path, run_here):
    config = generated('sichuan_scratch', tmp_path / 'data')
    study = tmp_path / 'study.py'
    table = tmp_path / 'table.csv'
    lines = [f'configs = dict(scratch={str(config)!r})', 'seeds = (3,)', 'flips = True']
    study.write_text('\n'.join([*lines, f'results = {str(table)!r}', '']))
    done = run('run_study.py', study, '--work-root', tmp_path / 'runs')
    assert done.returncode == 0, done.stderr
    assert '| scratch | 1 |' in done.stdout
    assert 'landslide' in done.stdout.split('running')[0]
    (row,) = pd.read_csv(table).to_dict('records')
    assert (row['name'], row['seed'], row['iterations']) == ('scratch', 3, 2)
    # A finished run whose row is lost is scored again, but not under other settings.
    table.unlink()
    options = ['--cfg-options', 'optim_wrapper.optimizer.lr=5']
    other = run_here('run_study.py', study, '--work-root', tmp_path / 'runs', *options)
    assert other.returncode == 2
    assert 'differs in optim_wrapper' in other.stderr
    assert not table.exists()


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('seeds = (0,)', 'has no configs'),
        ("configs = dict(a='nowhere.py')\nseeds = (0,)\nresults = 'a.csv'", 'does not exist'),
    ],
)
def test_a_study_that_cannot_run_is_one_sentence(tmp_path, text, complaint, run_here):
    (tmp_path / 'study.py').write_text(f'{text}\n')
    done = run_here('run_study.py', tmp_path / 'study.py')
    assert done.returncode == 2
    assert complaint in done.stderr
    assert 'Traceback' not in done.stderr
