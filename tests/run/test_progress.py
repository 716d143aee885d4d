"""The display of a run: whole lines on a terminal, nothing elsewhere, a time left that holds."""

import io
import sys

import pytest
from rich.console import Console

from dfpenet_mm.run.progress import (
    BEFORE_SCENES,
    ONLY_WITH_PRE,
    RECOGNITION,
    STAGES,
    RunProgress,
    run_progress,
    stage_title,
)


class Now:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def progress(now, monkeypatch):
    """A run of two seconds of loading, two images, and four seconds of writing."""
    progress = RunProgress(now=now)
    monkeypatch.setattr(
        progress, '_expected', {'load': 2.0, **dict.fromkeys(RECOGNITION), 'write': 4.0}
    )
    return progress


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, width=100, legacy_windows=False)


def draw(progress, columns=100):
    console = Console(file=io.StringIO(), width=columns)
    console.print(progress.get_renderable())
    return console.file.getvalue()


def test_finished_stages_get_a_line_and_nothing_is_left_over(console, monkeypatch):
    monkeypatch.setattr('dfpenet_mm.run.progress.SHORTEST_S', 0.0)
    with RunProgress(console) as progress:
        progress.say('into [out]')
        with progress.running('load'):
            pass
        with progress.running('a_new_stage'):
            progress.step('GeologicFilter [x]', 1, 5)
    written = console.file.getvalue()
    assert 'into [out]' in written
    assert 'load the network' in written
    assert 'a new stage' in written
    # The line that moved was cleared, and the cursor is back.
    assert written.rindex('\x1b[2K') > written.rindex('GeologicFilter [x]')
    assert '\x1b[?25h' in written
    assert set(progress.seconds) == {'load', 'a_new_stage'}


def test_a_stage_that_was_nothing_gets_no_line(console):
    with RunProgress(console) as progress, progress.running('load'):
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


def test_steps_share_and_time_left_are_shown(now):
    progress = RunProgress(now=now)
    with progress.running('fit_scaling'):
        assert '%' not in draw(progress)
        assert 'left' not in draw(progress)
    progress.expect(10**6, pre=False)
    with progress.running('recognise_post'):
        for done in (4, 6, 9):
            now.time += 1
            progress.step('recognise', done, 9)
        line = draw(progress)
    assert '9/9' in line
    assert '%' in line
    assert ' left' in line


def test_nothing_is_said_where_nobody_watches(capsys):
    with run_progress() as progress, progress.running('load'):
        progress.say('hello')
        progress.step('load', 1, 2)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ''


@pytest.mark.parametrize('quiet', [True, False])
def test_what_is_told_is_for_log_files_too(capsys, quiet):
    with run_progress(quiet=quiet) as progress:
        progress.tell('openvino f32')
    assert capsys.readouterr().err == ('' if quiet else 'openvino f32\n')


def test_quiet_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, 'stderr', Terminal())
    monkeypatch.setenv('TERM', 'xterm')
    with run_progress() as progress:
        progress.say('hello')
        progress.tell('once')
    assert 'hello' in sys.stderr.getvalue()
    assert sys.stderr.getvalue().count('once') == 1
    sys.stderr.truncate(0)
    with run_progress(quiet=True) as progress:
        progress.say('hello')
        progress.tell('once')
    assert 'hello' not in sys.stderr.getvalue()
    assert 'once' not in sys.stderr.getvalue()


def test_only_stages_to_come_are_foretold():
    alone, both = RunProgress(), RunProgress()
    alone.expect(4 * 10**6, pre=False)
    both.expect(10**6, pre=True)
    assert set(both._expected) - set(alone._expected) == {'measure_shift', 'recognise_pre'}
    assert both._expected['recognise_post'] is None
    assert alone._expected['write'] > both._expected['write'] > 0
    assert [stage_title(name) for name in STAGES] == [stage[0] for stage in STAGES.values()]


def test_nothing_is_foretold_before_a_plan_or_a_pace(now, progress):
    assert RunProgress(now=now).left() is None
    assert progress.left() is None
    with progress.running('recognise_post'):
        progress.step('recognise', 8, 100)
        assert progress.left() is None


def test_the_pace_of_one_recognition_foretells_the_other(now, progress):
    with progress.running('load'):
        now.time += 2
    with progress.running('recognise_post'):
        now.time += 30  # warming up counts for nothing
        progress.step('recognise', 8, 100)
        now.time += 5
        progress.step('recognise', 18, 100)
        # Half a second a step: 82 steps, as many as all again for the other image, the writing.
        assert progress.left() == pytest.approx(41 + 50 + 4)
    with progress.running('recognise_pre'):
        assert progress.left() == pytest.approx(50 + 4)
        now.time += 1
        assert progress.left() == pytest.approx(49 + 4)
    assert progress.seconds == pytest.approx({'load': 2, 'recognise_post': 35, 'recognise_pre': 1})


def test_steps_of_other_stages_foretell_no_recognition(now, progress):
    with progress.running('load'):
        progress.step('load', 0, 4)
        now.time += 1
        progress.step('load', 2, 4)
        assert progress.left() is None
    assert progress.left() is None


def test_what_an_earlier_run_kept_says_nothing_of_the_pace(now, progress):
    with progress.running('recognise_post'):
        progress.step('recognise', 90, 100)
        now.time += 2
        progress.step('recognise', 92, 100)
        assert progress.left() == pytest.approx(8 + 100 + 2 + 4)


def test_only_the_last_minute_counts(now, progress):
    with progress.running('recognise_post'):
        for done in range(100, 501, 100):  # an edge of nodata
            progress.step('recognise', done, 1000)
            now.time += 1
        for done in range(510, 610, 10):
            now.time += 10
            progress.step('recognise', done, 1000)
        assert progress.left() == pytest.approx(400 + 1000 + 2 + 4)


def test_stages_that_overrun_or_were_not_expected_count_as_over(now, progress):
    with progress.running('recognise_post'):
        for done in (1, 2):
            progress.step('recognise', done, 2)
            now.time += 1
    with progress.running('recognise_pre'):
        now.time += 1
    with progress.running('load'):
        now.time += 50
        assert progress.left() == pytest.approx(4)
    with progress.running('extra'):
        assert progress.left() == pytest.approx(4)


def test_the_share_never_falls_and_ends_at_one(now, monkeypatch):
    progress = RunProgress(now=now)
    monkeypatch.setattr(progress, '_expected', {'write': 4.0})
    with progress.running('write'):
        now.time += 2
        assert '50%' in draw(progress)
        monkeypatch.setitem(progress._expected, 'write', 40.0)
        assert '50%' in draw(progress)
        now.time += 38
    assert '100%' in draw(progress)


def test_a_stage_that_fails_has_no_seconds(progress):
    with pytest.raises(ValueError, match='no'), progress.running('load'):
        raise ValueError('no')
    assert progress.seconds == {}


def test_a_lesson_foretells_its_end_from_the_pace_of_its_steps(now):
    progress = RunProgress(now=now)
    progress.expect_lesson(
        ['all_layers', 'frozen'], 10**6, pre=False, judging_s=3.0, recognition_s=50.0
    )
    drawing = sum(
        first + a_mpx for name, (_, first, a_mpx) in STAGES.items()
        if name not in (*RECOGNITION, *ONLY_WITH_PRE, *BEFORE_SCENES)
    )  # fmt: skip
    assert progress.left() is None
    with progress.running('teach_all_layers'):
        teach = progress.stage('teach: all layers')
        for step in range(11):
            teach(step, 40)
            now.time += 2
        # 30 steps of it, 40 of the other strategy, both judged, the map.
        assert progress.left() == pytest.approx(58 + 80 + 2 * 3 + 50 + drawing, abs=4)
    assert progress.left() == pytest.approx(80 + 2 * 3 + 50 + drawing)
    for name in ('judge_all_layers', 'teach_frozen', 'judge_frozen'):
        with progress.running(name):
            now.time += 1
    # The run's own forecast goes on from there.
    progress.expect(10**6, pre=False)
    assert progress.left() == pytest.approx(50 + drawing)
