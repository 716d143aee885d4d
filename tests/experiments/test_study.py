import os
import signal
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pytest
from mmengine.config import Config

from dfpenet_mm.cli.refusals import TerminatedError
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.experiments.results_table import ResultsTable
from dfpenet_mm.experiments.study import PlannedRun, RunFailedError, planned, run_study

CONFIG = Config(dict(train_cfg=dict(max_iters=7), randomness=dict(seed=9, deterministic=True)))


# Run in processes of their own, so they live at the top of the module.
def score_seed(settings, *, flips):
    assert settings['randomness']['deterministic']
    return {'IoU': float(settings['randomness']['seed']), 'flips': flips, 'process': os.getpid()}


def complain(settings, *, flips):  # noqa: ARG001
    raise ConfigError('no such thing')


def die(settings, *, flips):  # noqa: ARG001
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(settings, *, flips):  # noqa: ARG001
    Path(settings['work_dir']).mkdir(parents=True)
    time.sleep(3600)


def study(tmp_path, runs, score, told=None):
    table = ResultsTable(tmp_path / 'table.csv')
    tell = [].append if told is None else told.append
    run_study(runs, table, work_root=tmp_path, flips=True, tell=tell, score=score)
    return ResultsTable(table.path).rows


def test_seeds_are_the_outer_loop():
    runs = list(planned({'a': CONFIG, 'b': CONFIG}, (0, 1)))
    assert [(run.name, run.seed) for run in runs] == [('a', 0), ('b', 0), ('a', 1), ('b', 1)]


def test_each_run_has_its_own_folder(tmp_path):
    runs = [
        *planned({'a': CONFIG, 'b': CONFIG}, (0, 1)),
        PlannedRun('a', CONFIG, 0, 5.0),
        PlannedRun('a', CONFIG, 0, 12.5),
    ]
    assert len({run.work_dir(tmp_path) for run in runs}) == len(runs)


def test_only_missing_runs_are_done(tmp_path):
    runs = list(planned({'a': CONFIG}, (0, 1)))
    study(tmp_path, runs[:1], score_seed)
    told = []
    rows = study(tmp_path, runs, score_seed, told)
    assert len(told) == 1
    assert 'seed 1' in told[0]
    assert rows[['name', 'seed', 'IoU', 'flips', 'iterations', 'fraction']].values.tolist() == [
        ['a', 0, 0.0, True, 7, 100.0],
        ['a', 1, 1.0, True, 7, 100.0],
    ]
    assert len({*rows.process, os.getpid()}) == 3


def test_a_row_with_other_settings_is_not_taken_for_this_run(tmp_path):
    study(tmp_path, planned({'a': CONFIG}, (0,)), score_seed)
    other = Config(dict(train_cfg=dict(max_iters=8)))
    with pytest.raises(ConfigError, match='with other settings'):
        study(tmp_path, planned({'a': other}, (0,)), score_seed)


@pytest.mark.parametrize(
    ('change', 'same'),
    [
        (dict(train_cfg=dict(max_iters=7, val_interval=3)), True),
        (dict(randomness=dict(seed=1)), True),
        (dict(optim_wrapper=dict(optimizer=dict(lr=5))), False),
        (dict(load_from='other.pth'), False),
    ],
)
def test_digest_is_of_what_decides_the_scores(change, same):
    digest = PlannedRun('a', CONFIG, 0).digest(flips=True)
    other = PlannedRun('a', Config(CONFIG.to_dict() | change), 0)
    assert (other.digest(flips=True) == digest) is same
    assert other.digest(flips=False) != digest


def test_a_complaint_comes_through_and_leaves_no_row(tmp_path):
    with pytest.raises(ConfigError, match='no such thing'):
        study(tmp_path, planned({'a': CONFIG}, (0,)), complain)
    assert not (tmp_path / 'table.csv').exists()


def test_a_killed_run_is_named(tmp_path):
    with pytest.raises(RunFailedError, match='a_100percent_seed0 was ended from outside'):
        study(tmp_path, planned({'a': CONFIG}, (0,)), die)


def test_a_study_that_is_asked_to_end_does_not_wait_for_its_run(tmp_path):
    """SIGTERM reaches the study alone, whose handler raises; the run would take hours."""

    def ask_when_running():
        while not list(tmp_path.rglob('a_100percent_seed0')):
            time.sleep(0.05)
        # To the thread that waits for the run, as the system delivers it.
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    def terminate(*_):
        raise TerminatedError

    former = signal.signal(signal.SIGTERM, terminate)
    threading.Thread(target=ask_when_running).start()
    try:
        with pytest.raises(TerminatedError):
            study(tmp_path, [PlannedRun('a', CONFIG, 0)], sleep)
    finally:
        signal.signal(signal.SIGTERM, former)
    assert active_children() == []
