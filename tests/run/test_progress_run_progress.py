"""The display of a run: whole lines on a terminal, nothing elsewhere."""

import io
import sys

import pytest
from rich.console import Console

from dfpenet_mm.run.progress import in_words, run_progress
from dfpenet_mm.run.stages import STAGES, expected_seconds, stage_title


def draw(progress, columns):
    console = Console(file=io.StringIO(), width=columns)
    console.print(progress.render())
    return console.file.getvalue()


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, width=100, legacy_windows=False)


def test_finished_stages_get_a_line_and_nothing_is_left_over(console, monkeypatch):
    monkeypatch.setattr('dfpenet_mm.run.progress.SHORTEST_S', 0.0)
    with run_progress(console=console) as progress:
        progress.say('into [out]')
        with progress.running('load'):
            pass
        with progress.running('a_new_stage'):
            progress.step('GeologicFilter', 1, 5)
    written = console.file.getvalue()
    assert 'into [out]' in written
    assert 'load the network' in written
    assert 'a new stage' in written
    # The line that moved was cleared, and the cursor is back.
    assert written.rindex('\x1b[2K') > written.rindex('GeologicFilter')
    assert '\x1b[?25h' in written
    assert set(progress.seconds) == {'load', 'a_new_stage'}


def test_a_stage_that_was_nothing_gets_no_line(console):
    with run_progress(console=console) as progress, progress.running('load'):
        pass
    assert '0.0 s' not in console.file.getvalue()


@pytest.mark.parametrize('columns', [20, 40, 80, 200])
def test_the_line_is_one_line_at_any_width(columns):
    with run_progress(quiet=True) as progress, progress.running('recognise_post'):
        progress.expect(10**6, pre=True)
        progress.stage('recognise post-event image, and much more about it')(123_456, 654_321)
        lines = draw(progress, columns).splitlines()
    assert len(lines) == 1
    assert len(lines[0]) <= columns


def test_steps_share_and_time_left_are_shown():
    with run_progress(quiet=True) as progress:
        with progress.running('fit_scaling'):
            assert '%' not in draw(progress, 100)
            assert 'left' not in draw(progress, 100)
        progress.expect(10**6, pre=False)
        with progress.running('recognise_post'):
            for done in (4, 6, 9):
                progress.step('recognise', done, 9)
            line = draw(progress, 100)
    assert '9/9' in line
    assert '%' in line
    assert ' left' in line


def test_nothing_is_said_where_nobody_watches(capsys):
    with run_progress() as progress, progress.running('load'):
        progress.say('hello')
        progress.step('load', 1, 2)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ''


def test_quiet_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, 'stderr', Terminal())
    monkeypatch.setenv('TERM', 'xterm')
    with run_progress() as progress:
        progress.say('hello')
    assert 'hello' in sys.stderr.getvalue()
    sys.stderr.truncate(0)
    with run_progress(quiet=True) as progress:
        progress.say('hello')
    assert 'hello' not in sys.stderr.getvalue()


def test_only_stages_to_come_are_foretold():
    alone, both = expected_seconds(4 * 10**6, pre=False), expected_seconds(10**6, pre=True)
    assert set(both) - set(alone) == {'measure_shift', 'recognise_pre'}
    assert both['recognise_post'] is None
    assert alone['write'] > both['write'] > 0
    assert [stage_title(name) for name in STAGES] == [stage.title for stage in STAGES.values()]


@pytest.mark.parametrize(
    ('seconds', 'words'), [(0.4, '0:00'), (65, '1:05'), (3599.9, '1:00:00'), (600, '10:00')]
)
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words
