from types import SimpleNamespace

import pytest
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub

from dfpenet_mm.engine.hooks import VALIDATED, ResumableCheckpointHook
from dfpenet_mm.errors import ConfigError


def make_runner(iteration, validated=None, **loop):
    hub = MessageHub('test')
    if validated is not None:
        hub.update_info(VALIDATED, validated)
    done = []
    return SimpleNamespace(
        iter=iteration,
        message_hub=hub,
        logger=SimpleNamespace(info=lambda _line: None),
        train_loop=SimpleNamespace(**{'val_begin': 1, 'val_interval': 4, 'max_iters': 10, **loop}),
        val_loop=SimpleNamespace(run=lambda: done.append(iteration)),
        done=done,
    )


@pytest.mark.parametrize(
    ('iteration', 'validated', 'loop', 'wanted'),
    [
        (0, None, {}, []),
        (3, None, {}, []),
        (4, None, {}, [4]),
        (8, 4, {}, [8]),
        (8, 8, {}, []),
        (10, 8, {}, [10]),
        (4, None, {'val_begin': 5}, []),
    ],
)
def test_only_a_validation_that_was_cut_off_is_made_up_for(iteration, validated, loop, wanted):
    runner = make_runner(iteration, validated, **loop)
    ResumableCheckpointHook(interval=2).before_train_epoch(runner)
    assert runner.done == wanted


def test_without_validation_nothing_is_made_up_for():
    runner = make_runner(4)
    runner.val_loop = None
    ResumableCheckpointHook(interval=2).before_train_epoch(runner)


def test_a_validation_is_noted_before_its_checkpoint(monkeypatch):
    runner, noted = make_runner(4), []
    monkeypatch.setattr(
        CheckpointHook,
        'after_val_epoch',
        lambda _self, given, _metrics: noted.append(given.message_hub.get_info(VALIDATED)),
    )
    ResumableCheckpointHook(interval=2).after_val_epoch(runner, {'a': 1.0})
    assert noted == [4]


def test_the_note_is_no_score():
    """mmengine logs what starts with the stage's name as a score of it."""
    assert not VALIDATED.startswith(('train', 'val', 'test'))


@pytest.mark.parametrize(
    'wrong', [{'max_keep_ckpts': 1}, {'max_keep_ckpts': 0}, {'by_epoch': True}]
)
def test_settings_that_could_lose_a_run_are_refused(wrong):
    with pytest.raises(ConfigError, match='at least 2'):
        ResumableCheckpointHook(interval=2, **wrong)


@pytest.mark.parametrize(('interval', 'count', 'fits'), [(6, 3, True), (4, 3, False), (4, 1, True)])
def test_half_an_optimiser_step_is_never_saved(monkeypatch, interval, count, fits):
    monkeypatch.setattr(CheckpointHook, 'before_train', lambda _self, _runner: None)
    runner = SimpleNamespace(optim_wrapper=SimpleNamespace(_accumulative_counts=count))
    hook = ResumableCheckpointHook(interval=interval)
    if fits:
        hook.before_train(runner)
    else:
        with pytest.raises(ConfigError, match='accumulate over 3'):
            hook.before_train(runner)


def test_files_are_written_whole():
    assert ResumableCheckpointHook(interval=2).backend_args == {'backend': 'atomic'}


def test_a_state_is_saved_once_whatever_the_interval(tmp_path):
    runner, saved = make_runner(7), []
    runner.epoch = 0
    hook = ResumableCheckpointHook(interval=5)
    assert not hook.holds(7)
    hook.out_dir = str(tmp_path)
    hook._save_checkpoint_with_step = lambda _runner, step, meta: saved.append((step, meta))
    (tmp_path / 'iter_6.pth').touch()
    hook.save_now(runner)
    assert saved == [(7, {'epoch': 0, 'iter': 7})]
    (tmp_path / 'iter_7.pth').touch()
    hook.save_now(runner)
    assert len(saved) == 1
    assert hook.holds(7)
