"""The scripts that start several processes: their command lines, and four processes on CPUs."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dfpenet_mm.engine.safe_checkpoint import load_safely
from dfpenet_mm.resources import config_dir

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'
LEAF = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'

# Group norm and no dropout: four processes of one chip then train as one process of four.
CONFIG = """
_base_ = [{leaf!r}]
norm = dict(_delete_=True, type='GN', num_groups=1)
model = dict(
    backbone=dict(widen_factor=0.25, init_cfg=None, norm_cfg=norm),
    neck=dict(
        in_channels=(8, 8, 8, 80), lateral_channels=(8, 8, 8), channels=8, aspp_dropout=0.0,
        norm_cfg=norm,
    ),
    decode_head=dict(
        in_channels=32, channels=8, dropouts=(0.0, 0.0), norm_cfg=norm,
        loss_decode=dict(_delete_=True, type='LabelledCrossEntropyLoss'),
    ),
    data_preprocessor=dict(size=(32, 32)),
)
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False, dataset=dict(data_root={data!r})
)
val_dataloader = dict(
    batch_size=1, num_workers=0, persistent_workers=False, dataset=dict(data_root={data!r})
)
test_dataloader = val_dataloader
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01),
    clip_grad=dict(max_norm=1e9),
)
param_scheduler = []
train_cfg = dict(_delete_=True, type='ResumableTrainLoop', max_iters=2, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(_delete_=True, type='ResumableCheckpointHook', interval=2),
)
custom_hooks = [dict(type='ProbeHook')]
custom_imports = dict(
    imports=['dfpenet_mm.models', 'dfpenet_mm.datasets', 'dfpenet_mm.evaluation',
             'dfpenet_mm.engine', 'process_probe'],
    allow_failed_imports=False,
)
"""
# Runs inside of each process: notes by how much its weights changed, and a buffer of its own.
PROBE = """
import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ProbeHook(Hook):
    def network(self, runner):
        return runner.model.module if is_model_wrapper(runner.model) else runner.model

    def before_train(self, runner):
        network = self.network(runner)
        network.register_buffer('own', torch.tensor(float(runner.rank)), persistent=False)
        self.start = {name: value.clone() for name, value in network.state_dict().items()}

    def after_train(self, runner):
        network = self.network(runner)
        weights = network.state_dict()
        content = {
            'weights': weights,
            'change': {name: value - self.start[name] for name, value in weights.items()},
            'own': network.own,
            'threads': torch.get_num_threads(),
        }
        torch.save(content, f'{runner.work_dir}/process_{runner.rank}.pt')
"""


def run(script, *arguments, **environment):
    return subprocess.run(
        ['bash', str(TOOLS / script), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, 'PYTHON': sys.executable, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def write_program(path, body):
    path.write_text(f'#!/usr/bin/env bash\n{body}\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def command_of(tmp_path):
    """Run a script with an interpreter that only says how it was called."""
    body = 'printf "%s\\n" "threads=$OMP_NUM_THREADS" "path=$PYTHONPATH" "${@//$\'\n\'/ }"'
    python = write_program(tmp_path / 'python', body)

    def call(script, *arguments, **environment):
        done = run(script, *arguments, PYTHON=python, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.split('\n')[:-1]

    return call


def test_one_machine_finds_a_free_port(command_of):
    lines = command_of('dist_train.sh', 'c.py', 4, '--amp', '--work-dir', 'a b')
    assert lines[2] == '-c'
    assert 'from torch.distributed.run import main' in lines[3]
    assert lines[4:] == [
        '--standalone',
        '--nproc_per_node=4',
        str(TOOLS / 'train.py'),
        *['c.py', '--launcher', 'pytorch', '--amp', '--work-dir', 'a b'],
    ]
    assert lines[1].split(':')[0] == f'path={ROOT}'


def test_several_machines_meet_where_they_are_told(command_of):
    where = {'NNODES': '2', 'NODE_RANK': '1', 'MASTER_ADDR': 'first', 'PORT': '123'}
    lines = command_of('dist_test.sh', 'c.py', 'w.pth', 2, '--tta', **where)
    assert lines[4:] == [
        *['--nnodes=2', '--node_rank=1', '--master_addr=first', '--master_port=123'],
        '--nproc_per_node=2',
        str(TOOLS / 'test.py'),
        *['c.py', 'w.pth', '--launcher', 'pytorch', '--tta'],
    ]


@pytest.mark.parametrize(
    ('given', 'processes', 'wanted'), [('3', 4, '3'), ('', 64, '1'), ('', 1, None)]
)
def test_threads_share_the_cores(command_of, given, processes, wanted):
    cores = subprocess.run(['nproc'], capture_output=True, text=True, check=True).stdout.strip()
    line = command_of('dist_train.sh', 'c.py', processes, OMP_NUM_THREADS=given)[0]
    assert line == f'threads={wanted or cores}' or (processes == 1 and not given)
    assert re.fullmatch(r'threads=[1-9]\d*', line)


@pytest.mark.parametrize(
    ('script', 'arguments', 'complaint'),
    [
        ('dist_train.sh', ['c.py'], 'usage:'),
        ('dist_test.sh', ['c.py', 'w.pth'], 'usage:'),
        ('slurm_train.sh', ['part', 'job', 'c.py'], 'usage:'),
        ('dist_train.sh', ['c.py', 'four'], "error: GPUS is 'four'"),
        ('dist_train.sh', ['c.py', '0'], "error: GPUS is '0'"),
        ('dist_train.sh', ['c.py', '--amp'], "error: GPUS is '--amp'"),
        ('slurm_train.sh', ['part', 'job', 'c.py', 'x'], "error: GPUS is 'x'"),
        ('slurm_train.sh', ['part', 'job', 'c.py', '12'], 'error: 12 GPUS do not divide'),
    ],
)
def test_wrong_arguments_are_one_line(script, arguments, complaint):
    done = run(script, *arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(complaint)
    assert done.stderr.count('\n') == 1


def test_slurm_starts_torchrun_on_each_machine(tmp_path, command_of):
    """A Slurm of one line: it says its options and runs the first machine's task."""
    write_program(
        tmp_path / 'srun',
        'while [[ $1 != bash ]]; do echo "srun $1"; shift; done\n'
        'SLURM_NNODES=2 SLURM_NODEID=1 SLURM_JOB_NODELIST=n[1-2] SLURM_JOB_ID=20007 "$@"',
    )
    write_program(tmp_path / 'scontrol', '[[ $3 == "n[1-2]" ]] && printf "n1\\nn2\\n"')
    lines = command_of(
        'slurm_train.sh',
        *['gpu', 'job', 'c.py', 16, '--resume'],
        PATH=f'{tmp_path}:{os.environ["PATH"]}',
        SRUN_ARGS='--time=1:00 --quiet',
    )
    options = [line.removeprefix('srun ') for line in lines if line.startswith('srun ')]
    assert {'--partition=gpu', '--nodes=2', '--ntasks=2', '--gres=gpu:8', '--quiet'} <= {*options}
    assert lines[len(options) + 2 :][2:] == [
        *['--nnodes=2', '--node_rank=1', '--master_addr=n1', '--master_port=20007'],
        '--nproc_per_node=8',
        str(TOOLS / 'train.py'),
        *['c.py', '--launcher', 'pytorch', '--resume'],
    ]


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp('dist')
    rng = np.random.default_rng(0)
    for name in ('images', 'masks'):
        (root / 'chips' / name).mkdir(parents=True)
    for index in range(6):
        mask = np.where(np.arange(32) < 10 + index, 0, 255)[None].repeat(32, 0).astype(np.uint8)
        image = (mask[..., None] // 2 + rng.integers(0, 60, (32, 32, 3))).astype(np.uint8)
        Image.fromarray(image).save(root / 'chips' / 'images' / f'{index}.png')
        Image.fromarray(mask).save(root / 'chips' / 'masks' / f'{index}.png')
    (root / 'process_probe.py').write_text(PROBE)
    (root / 'config.py').write_text(CONFIG.format(leaf=str(LEAF), data=str(root / 'chips')))
    return root / 'config.py'


@pytest.fixture(scope='module')
def processes(config):
    """Four processes of one chip each, and their work dir."""
    folder = config.parent / 'four'
    options = ['--no-data-check', '--work-dir', folder]
    path = {'PYTHONPATH': str(config.parent)}
    done = run('dist_train.sh', config, 4, *options, OMP_NUM_THREADS='1', **path)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done.stdout + done.stderr


@pytest.mark.slow
def test_every_process_ends_in_the_same_weights(processes):
    folder, _ = processes
    states = [load_safely(folder / f'process_{rank}.pt') for rank in range(4)]
    assert [state['own'].item() for state in states] == [1.5] * 4
    assert states[0]['threads'] == 1
    for state in states[1:]:
        for name, value in states[0]['weights'].items():
            assert torch.equal(state['weights'][name], value), name


@pytest.mark.slow
def test_four_processes_train_as_one(processes, config):
    assert 'A batch of 4 in all: 4 processes of 1' in processes[1]
    folder = config.parent / 'one'
    options = ['--work-dir', folder, '--no-data-check']
    done = subprocess.run(
        [sys.executable, TOOLS / 'train.py', config, *options],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{config.parent}', 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, four = (load_safely(path / 'process_0.pt') for path in (folder, processes[0]))
    # By SGD the weights change in proportion to the gradients.
    for name, change in one['change'].items():
        torch.testing.assert_close(four['change'][name], change, rtol=1e-2, atol=1e-6, msg=name)
    assert max(change.abs().max() for change in one['change'].values()) > 1e-3


@pytest.mark.slow
def test_two_processes_score_as_the_run_did(processes, config):
    folder, log = processes
    path = {'PYTHONPATH': str(config.parent), 'OMP_NUM_THREADS': '1'}
    done = run('dist_test.sh', config, folder / 'iter_2.pth', 2, '--work-dir', folder, **path)
    assert done.returncode == 0, done.stderr[-3000:]
    scores = [re.findall(r'landslide/\w+: [\d.]+', text) for text in (log, done.stdout)]
    assert scores[0]
    # A test says more than a validation: intervals, landslides, calibration.
    assert scores[0] == scores[1][: len(scores[0])]
    assert re.search(r'landslide/IoU\.low: [\d.]+ .*landslide/ECE: [\d.]+', done.stdout)


@pytest.mark.slow
def test_all_processes_end_together_when_asked(config, tmp_path):
    """torchrun passes SIGTERM on; the processes agree on an iteration, and one keeps it."""
    log, folder = tmp_path / 'log', tmp_path / 'run'
    options = ['--no-data-check', '--work-dir', folder, '--cfg-options', 'train_cfg.max_iters=4000']
    options += ['train_cfg.val_interval=5000', 'default_hooks.checkpoint.interval=5000']
    command = ['bash', TOOLS / 'dist_train.sh', config, 2, *options]
    environment = {'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': config.parent}
    with log.open('w') as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=os.environ | {name: str(value) for name, value in environment.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    while not re.search(r'Iter\(train\) \[ *[3-9]', log.read_text()):
        assert process.poll() is None, log.read_text()[-3000:]
        time.sleep(0.05)

    process.terminate()
    assert process.wait(timeout=300) == 143

    assert 'Traceback' not in log.read_text()
    (written,) = folder.glob('iter_*.pth')
    assert f'training stops after iteration {written.stem[5:]};' in log.read_text()
    assert load_safely(written)['meta']['iter'] == int(written.stem[5:])
