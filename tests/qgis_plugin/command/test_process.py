"""Programs that run beside QGIS: heard while they run, stopped when asked to."""

import os
import signal

import pytest

from qgis_plugin.command.process import run_program
from tests.qgis_plugin.programs import write_program


@pytest.fixture
def program(tmp_path):
    return lambda code: [str(write_program(tmp_path / 'program', code))]


def test_both_streams_are_read_to_their_end(program):
    code = 'print("é" * 3); print("b", file=sys.stderr); print("c"); sys.exit(3)'
    heard, printed = [], []
    ended = run_program(program(code), said=heard.append, printed=printed.append)
    assert (ended.code, ended.output, ended.stopped) == (3, 'ééé\nc\n', False)
    assert (heard, printed) == (['b\n'], ['ééé\n', 'c\n'])


def test_lines_are_heard_while_it_runs(program, tmp_path):
    # It waits for an answer to its line, which only comes if the line was heard.
    answer = tmp_path / 'answer'
    code = f'say(event="note")\nwhile not os.path.exists({str(answer)!r}): time.sleep(0.01)'
    ended = run_program(program(code), said=lambda _: answer.touch())
    assert ended.code == 0


def test_a_long_output_blocks_nothing(program):
    code = 'for i in range(20000): print("x" * 80); print("y" * 80, file=sys.stderr)'
    heard = []
    ended = run_program(program(code), said=heard.append)
    assert len(ended.output.splitlines()) == len(heard) == 20_000


# The signal may come while a line is being written: the last word waits until that has ended.
TERM = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    say(event="progress")
    time.sleep(60)
finally:
    say(event="note")
"""


def test_it_ends_by_itself_when_it_is_stopped(program):
    heard = []
    ended = run_program(program(TERM), said=heard.append, stop=lambda: bool(heard))
    assert (ended.code, ended.stopped, len(heard)) == (143, True, 2)


def test_it_is_killed_if_it_does_not(program):
    code = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay(event="progress")\ntime.sleep(60)'
    heard = []
    ended = run_program(program(code), said=heard.append, stop=lambda: bool(heard), grace_s=0.1)
    assert (ended.code, ended.stopped) == (-signal.SIGKILL, True)


def test_it_does_not_outlive_a_failure_of_ours(program):
    def fail(line):
        pids.append(int(line))
        raise RuntimeError

    pids = []
    with pytest.raises(RuntimeError):
        run_program(
            program('print(os.getpid(), file=sys.stderr, flush=True)\ntime.sleep(60)'), said=fail
        )
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_child_that_holds_the_streams_is_not_waited_for(program, monkeypatch):
    monkeypatch.setattr('qgis_plugin.command.process.STREAMS_S', 0.2)
    code = 'if os.fork(): print("done", flush=True); os._exit(0)\ntime.sleep(8)'
    ended = run_program(program(code), said=lambda _: None)
    assert (ended.code, ended.output) == (0, 'done\n')


def test_no_shell_reads_the_arguments(program):
    words = ['a b', '$HOME; echo', '"', "'", 'é', '--x=1']
    ended = run_program([*program('print(json.dumps(sys.argv[1:]))'), *words], said=lambda _: None)
    assert ended.output.encode().decode('unicode_escape').count('echo') == 1
    assert ended.output.strip().startswith('["a b", "$HOME; echo"')


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match='nowhere'):
        run_program([str(tmp_path / 'nowhere')], said=lambda _: None)
