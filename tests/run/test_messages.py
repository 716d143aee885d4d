"""What is said on stderr: lines for people, objects for programs."""

import json
import sys

import pytest

from dfpenet_mm.run import messages as module
from dfpenet_mm.run.messages import CommandResult, Events, Messages, messages_for


def events(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ('arguments', 'kind'),
    [
        ([], Messages),
        (['--progress', 'json'], Events),
        (['--progress=json', '--out', 'x'], Events),
        (['--prog', 'json'], Events),
        (['--progress', 'bar'], Messages),
        (['--progress'], Messages),
        (['--pre', 'json'], Messages),
        (['--json', '--out', 'json'], Messages),
    ],
)
def test_a_program_asks_for_events(arguments, kind):
    assert type(messages_for(arguments)) is kind


def test_people_get_lines(capsys):
    messages = Messages()
    with messages.heard():
        messages.warning('snow')
        messages.note('a name')
        messages.end('error: no file', 2)
        messages.done(CommandResult('3 landslides'))
    assert capsys.readouterr().err == 'warning: snow\nnote: a name\nerror: no file\n'


def test_programs_get_an_object_a_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = Events()
    told.warning('snow …')
    told.warning('snow …')
    told.note('a name')
    told.done(
        CommandResult('3 landslides', {'report': tmp_path.relative_to(tmp_path) / 'report.html'})
    )
    told.done(CommandResult('broken', exit_code=2))
    told.end('error: no file', 2)
    assert events(capsys) == [
        {'event': 'warning', 'message': 'snow …'},
        {'event': 'note', 'message': 'a name'},
        {
            'event': 'result',
            'message': '3 landslides',
            'products': {'report': str(tmp_path / 'report.html')},
        },
        {'event': 'error', 'message': 'broken', 'exit_code': 2},
        {'event': 'error', 'message': 'no file', 'exit_code': 2},
    ]


def test_progress_is_told_at_a_pace_and_at_once_for_a_new_stage(capsys, monkeypatch):
    clock = iter([100.0, 100.1, 100.3, 100.31])
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(clock))
    told = Events()
    for step, stage in enumerate(['load', 'load', 'load', 'write']):
        told.progress(stage, fraction=step / 3, seconds_left=None, message=f'step {step}')
    assert [event['message'] for event in events(capsys)] == ['step 0', 'step 2', 'step 3']


def test_other_lines_on_stderr_become_notes(capsys):
    told, former = Events(), sys.stderr
    with told.heard():
        print('a library', 'speaks', file=sys.stderr)
        sys.stderr.write('\nhalf a ')
        sys.stderr.write('line\nand one without an end')
        told.note('between')
    assert sys.stderr is former
    assert [event['message'] for event in events(capsys)] == [
        'a library speaks',
        'half a line',
        'between',
        'and one without an end',
    ]


def test_a_program_that_has_left_ends_nothing(monkeypatch):
    class Closed:
        def write(self, _):
            raise BrokenPipeError

    monkeypatch.setattr(sys, 'stderr', Closed())
    Events().note('nobody hears')
