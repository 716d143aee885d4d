"""A run that is killed and resumed ends in the very weights of one that was not."""

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest
import torch

from dfpenet_mm.engine.resumable_loop import check_batch, share_batch, stream_dataloader
from dfpenet_mm.engine.safe_checkpoint import load_safely
from dfpenet_mm.engine.sample_stream import SeededDataset, StreamSampler
from dfpenet_mm.errors import ConfigError

LAST = 8


def finish(process, work_dir):
    process.wait(timeout=300)
    output = Path(f'{work_dir}.log').read_text()
    assert process.returncode == 0, output[-3000:]
    return output


def kill_at_some_point(process, work_dir):
    """Kill a run at a moment that nothing in it foresees; returns what it had written."""
    awaited = work_dir / f'iter_{random.randint(1, LAST - 4)}.pth'
    while not awaited.exists():
        assert process.poll() is None, finish(process, work_dir)
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.2))
    process.kill()
    process.wait()
    assert process.returncode == -signal.SIGKILL
    numbers = [int(path.stem[5:]) for path in work_dir.glob('iter_*.pth')]
    return f'iter_{max(numbers)}.pth'


def await_line(process, log, pattern):
    while not re.search(pattern, text := Path(log).read_text()):
        assert process.poll() is None, text[-3000:]
        time.sleep(0.01)


def tensors(value, name=''):
    if isinstance(value, dict):
        value = list(value.items())
    elif isinstance(value, (list, tuple)):
        value = list(enumerate(value))
    else:
        return {name: value}
    return {k: v for key, part in value for k, v in tensors(part, f'{name}/{key}').items()}


def same(a, b):
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def differing(first, second, part):
    a, b = (tensors(load_safely(path)[part]) for path in (first, second))
    assert a.keys() == b.keys()
    return [name for name in a if not same(a[name], b[name])]


@pytest.mark.slow
@pytest.mark.parametrize('options', [(), ('--amp',)], ids=['float32', 'bfloat16'])
def test_a_killed_run_ends_bit_equal(start_training, tmp_path, options):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    both = start_training(whole, *options), start_training(killed, *options)
    written = kill_at_some_point(both[1], killed)
    finish(both[0], whole)
    # The same seed gives the same run before anything is resumed, ...
    assert differing(whole / 'iter_1.pth', killed / 'iter_1.pth', 'state_dict') == []
    # ... and one iteration is not like another, so that equality says something.
    assert differing(whole / 'iter_1.pth', whole / f'iter_{LAST}.pth', 'state_dict')
    (killed / f'iter_{LAST}.pth').write_bytes((killed / 'iter_1.pth').read_bytes()[:5000])
    output = finish(start_training(killed, '--resume', *options), killed)
    assert f'Going on from {killed / written}' in output
    assert f'iter_{LAST}.pth is incomplete or holds NaN, and is left out' in output
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        assert differing(whole / f'iter_{LAST}.pth', killed / f'iter_{LAST}.pth', part) == [], (
            written
        )
    best = [sorted(path.name for path in run.glob('best_*')) for run in (whole, killed)]
    assert best[0] == best[1]
    assert len(best[0]) == 1
    assert best[0][0].startswith('best_landslide_IoU_iter_')


def ask_to_end(process, work_dir, send):
    """Send SIGTERM in the midst of training; returns the iteration that it stopped after."""
    send(process.pid, signal.SIGTERM)
    process.wait(timeout=300)
    log = Path(f'{work_dir}.log').read_text()
    assert process.returncode == 143, log[-3000:]
    assert log.endswith('terminated\n')
    assert 'Traceback' not in log
    return int(re.search(r'training stops after iteration (\d+);', log)[1])


@pytest.mark.slow
def test_a_run_that_is_asked_to_end_keeps_its_last_iteration(start_training, tmp_path):
    """Whether a scheduler sends SIGTERM to the process, or to its data workers too."""
    often, rarely = tmp_path / 'often', tmp_path / 'rarely'
    # Nobody waits for the end; one of the two saves nothing by itself.
    options = ['--cfg-options', 'train_cfg.val_interval=9000', 'train_cfg.max_iters=9000']
    interval = 'default_hooks.checkpoint.interval=9000'
    both = [
        start_training(often, *options),
        start_training(rarely, *options, interval, new_group=True),
    ]
    await_line(both[1], f'{rarely}.log', r'Iter\(train\) \[ *[3-9]')

    last = ask_to_end(both[1], rarely, os.killpg)

    assert [path.name for path in rarely.glob('iter_*')] == [f'iter_{last}.pth']
    await_line(both[0], f'{often}.log', rf'Saving checkpoint at {last + 1} iterations')
    ask_to_end(both[0], often, os.kill)
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        kept = [folder / f'iter_{last}.pth' for folder in (often, rarely)]
        assert differing(*kept, part) == [], last
    assert load_safely(kept[1])['meta']['iter'] == last


@pytest.mark.parametrize('kind', ['InfiniteSampler', 'StreamSampler', None])
def test_data_set_and_sampler_are_replaced_and_nothing_else(kind):
    sampler = {'type': kind, 'shuffle': False} if kind else None
    given = {'batch_size': 4, 'num_workers': 3, 'dataset': {'type': 'Any'}, 'sampler': sampler}
    made = stream_dataloader(given)
    assert made == {
        'batch_size': 4,
        'num_workers': 3,
        'dataset': {'type': SeededDataset, 'dataset': {'type': 'Any'}},
        'sampler': {'type': StreamSampler, 'shuffle': kind is None},
    }
    assert given['dataset'] == {'type': 'Any'}


@pytest.mark.parametrize(
    'wrong', [{'sampler': {'type': 'DefaultSampler'}}, {'batch_sampler': {'type': 'Aspect'}}]
)
def test_other_samplers_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"wanted is sampler=dict\(type='InfiniteSampler'"):
        stream_dataloader({'dataset': {}, **wrong})


@pytest.mark.parametrize(('size', 'processes', 'each'), [(4, 1, 4), (4, 4, 1), (16, 8, 2)])
def test_processes_share_the_batch_of_the_config(size, processes, each):
    assert share_batch(size, processes) == each


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_read(monkeypatch):
    monkeypatch.setattr('dfpenet_mm.engine.resumable_loop.get_world_size', lambda: 8)
    config = {'train_cfg': {'type': 'ResumableTrainLoop'}, 'train_dataloader': {'batch_size': 4}}
    with pytest.raises(ConfigError, match=r'batch_size is 4 in all, .* start 1 or 2 or 4, or set'):
        check_batch(config)
    # Both keep OpenMMLab's way: a batch in each process.
    check_batch({**config, 'auto_scale_lr': {'enable': True, 'base_batch_size': 4}})
    check_batch({**config, 'train_cfg': {'type': 'IterBasedTrainLoop'}})
