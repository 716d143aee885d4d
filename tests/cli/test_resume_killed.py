"""A process that is killed wherever it is, and two of them in one folder."""

import errno
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.run.work_folder import finished_blocks
from tests.cli.conftest import ROOT
from tests.cli.stopped_run import fail, hashes

KILLS = 12
# A window takes so long that most kills hit the work, and not what is around it.
SLOWLY = ('--cfg-options', 'mapping.predictor.seconds=0.004')

# Works in the folder named on its command line until killed.
HOLD = """\
import sys, time
from pathlib import Path
from dfpenet_mm.run.work_folder import open_work_folder
with open_work_folder(Path(sys.argv[1]), overwrite=False, resume=True):
    print('held', flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope='module')
def run_apart():
    """Give ``run(arguments, kill_after=None)``: the command in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, '-m', 'tests.cli.fork_server'],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )

    def run(arguments, kill_after=None):
        server.stdin.write(json.dumps(arguments) + '\n')
        server.stdin.flush()
        process = int(server.stdout.readline())
        ended, _, _ = select.select([server.stdout], [], [], kill_after)
        if not ended:
            os.kill(process, signal.SIGKILL)
        return int(server.stdout.readline())

    yield run
    server.kill()
    server.wait()


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_comes_to_the_same_bytes(
    cheap_arguments, tmp_path, run_apart
):
    dice, kept, completed = random.Random(4), 0, 0
    assert run_apart([*cheap_arguments(tmp_path / 'first'), *SLOWLY]) == 0
    whole = hashes(tmp_path / 'first')
    start = time.perf_counter()
    assert run_apart([*cheap_arguments(tmp_path / 'second'), *SLOWLY]) == 0
    duration, out = time.perf_counter() - start, tmp_path / '0'
    kills = 0
    while kills < KILLS:
        delay = dice.uniform(0, duration)
        code = run_apart([*cheap_arguments(out), *SLOWLY, '--resume'], delay)
        if code == 0:
            assert hashes(out) == whole
            completed += 1
            out = tmp_path / str(completed)
            continue
        assert code == -signal.SIGKILL
        kills += 1
        kept += finished_blocks(out) > 0
    assert run_apart([*cheap_arguments(out), *SLOWLY, '--resume']) == 0
    assert hashes(out) == whole
    # The kills hit work, not only beginnings and ends.
    assert kept >= KILLS // 4


def test_a_run_killed_while_it_publishes_is_resumed(
    cheap_arguments, whole, tmp_path, monkeypatch, capsys
):
    out, replace = tmp_path / 'out', Path.replace

    def stop_at_the_third(self, target):
        if target.parent == out and len(list(out.iterdir())) > 2:
            raise OSError(errno.EIO, 'Input/output error')
        return replace(self, target)

    monkeypatch.setattr(Path, 'replace', stop_at_the_third)
    assert 'Input/output error' in fail(cheap_arguments(out), capsys)
    assert len(list(out.iterdir())) == 3
    monkeypatch.undo()
    assert '--resume' in fail(cheap_arguments(out), capsys)
    main([*cheap_arguments(out), '--resume'])
    assert hashes(out) == hashes(whole)


def test_two_runs_in_one_folder(stopped, capsys):
    out, arguments = stopped
    other = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    try:
        assert other.stdout.readline() == b'held\n'
        message = fail([*arguments, '--resume'], capsys)
        assert f'in use by another run (process {other.pid} on' in message
    finally:
        other.kill()
        other.wait()
    # The lock of a killed process is no lock.
    main([*arguments, '--resume'])
