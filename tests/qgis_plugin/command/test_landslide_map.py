"""The command, found, asked for its version, and run; what goes wrong says what to do."""

import os

import pytest

from qgis_plugin.command import landslide_map
from qgis_plugin.command.landslide_map import (
    CommandError,
    find_command,
    program_in,
    run_command,
    version_of,
)
from tests.qgis_plugin.programs import recorded, recording, write_program


def run(path, *arguments, stop=lambda: False):
    heard = []
    return run_command(path, arguments, hear=heard.append, stop=stop), heard


def complaint(path, *arguments):
    with pytest.raises(CommandError) as error:
        run(path, *arguments)
    return str(error.value)


def test_the_named_one_is_taken_as_program_or_folder(tmp_path):
    path = write_program(program_in(tmp_path / 'environment'), '')
    assert find_command(str(path), []) == path
    assert find_command(str(tmp_path / 'environment'), []) == path
    with pytest.raises(CommandError, match=r'is not there; correct it in Settings'):
        find_command(str(tmp_path / 'nowhere'), [tmp_path / 'environment'])


def test_without_a_name_what_was_set_up_is_taken_and_then_the_path(tmp_path, monkeypatch):
    on_path = write_program(tmp_path / 'bin' / 'landslide-map', '')
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    assert find_command('', [tmp_path / 'environment']) == on_path
    set_up = write_program(program_in(tmp_path / 'environment'), '')
    assert find_command('', [tmp_path / 'environment']) == set_up


def test_without_any_the_user_is_sent_to_set_up(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(CommandError, match='was not found on this computer; run "Set up"'):
        find_command('', [])


def test_the_version_is_asked_for_once_while_the_file_stays(tmp_path):
    asked = tmp_path / 'asked'
    begin = '#!/bin/sh\necho x >> {}\necho landslide-map {}\n'
    path = write_program(tmp_path / 'landslide-map', '', begin.format(asked, '1.2.3'))
    assert [version_of(path), version_of(path)] == ['1.2.3', '1.2.3']
    write_program(path, '', begin.format(asked, '1.3'))
    os.utime(path, (1, 1))
    assert version_of(path) == '1.3'
    assert asked.read_text() == 'x\nx\n'


def test_an_older_version_is_refused_by_its_number(tmp_path):
    path = write_program(tmp_path / 'landslide-map', '', '#!/bin/sh\necho landslide-map 0.0.9\n')
    said = complaint(path, 'map')
    assert 'has version 0.0.9' in said
    assert 'version 0.1.0 or newer is wanted: run "Set up"' in said


def test_a_command_that_does_not_know_progress_is_refused(tmp_path):
    code = 'sys.stderr.write("error: unrecognized arguments: --progress json\\n"); sys.exit(2)'
    said = complaint(write_program(tmp_path / 'landslide-map', code), 'map')
    assert 'has version 9.9.9, which does not tell its progress' in said


@pytest.mark.parametrize(
    'begin',
    [
        '#!/bin/sh\necho "ModuleNotFoundError: No module named numpy" >&2\nexit 1\n',
        '#!/nowhere/python\n',
        '#!/bin/sh\necho "something else"\n',
    ],
)
def test_a_broken_environment_is_told(tmp_path, begin):
    said = complaint(write_program(tmp_path / 'landslide-map', '', begin), 'map')
    assert 'does not start (' in said
    assert 'run "Set up"' in said
    assert ('No module named numpy' in said) == ('numpy' in begin)


def test_what_it_says_is_heard_and_what_it_writes_comes_back(tmp_path):
    code = (
        'say(event="progress", stage="map", fraction=0.5)\nsay(event="warning", message="snow")\n'
        'say(event="result", products={"report": "/a/report.html"})\nprint("47 landslides")'
    )
    outcome, heard = run(write_program(tmp_path / 'landslide-map', code), 'map')
    assert [event.kind for event in heard] == ['progress', 'warning']
    assert (outcome.output, outcome.stopped) == (['47 landslides'], False)
    assert outcome.products == {'report': '/a/report.html'}


def test_arguments_and_environment_reach_it_clean(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONHOME', '/opt/qgis')
    monkeypatch.setenv('GDAL_DATA', '/opt/qgis/gdal')
    into = tmp_path / 'called.json'
    run(recording(tmp_path / 'ein Ordner é' / 'landslide-map', into), 'map', '--post=a b.tif')
    arguments, environment = recorded(into)
    assert arguments == ['map', '--post=a b.tif', '--progress', 'json']
    assert not {'PYTHONHOME', 'GDAL_DATA'} & set(environment)


@pytest.mark.parametrize(
    ('code', 'events', 'said'),
    [
        (2, 'say(event="error", message="a.tif has no CRS; give one", exit_code=2)', 'a.tif has'),
        (2, 'print("error: give --post", file=sys.stderr)', 'give --post'),
        (2, '', 'does not say why; look at the log'),
        (3, 'say(event="error", message="no answer")', 'no answer; try again later'),
        (1, 'print("KeyError: 3", file=sys.stderr)', 'by a defect of its own (KeyError: 3)'),
        (143, '', 'was ended from outside'),
        (130, '', 'was ended from outside'),
    ],
)
def test_exit_codes_become_sentences(tmp_path, code, events, said):
    program = write_program(tmp_path / 'landslide-map', f'{events}\nsys.exit({code})')
    assert said in complaint(program, 'map')


def test_the_traceback_of_a_defect_is_heard(tmp_path):
    code = 'say(event="error", message="KeyError: 3", traceback="in line 7"); sys.exit(1)'
    heard = []
    with pytest.raises(CommandError, match='by a defect'):
        run_command(
            write_program(tmp_path / 'landslide-map', code),
            ['map'],
            hear=heard.append,
            stop=lambda: False,
        )
    assert [(event.kind, event.message) for event in heard] == [('text', 'in line 7')]


def test_a_signal_is_told_as_an_end_from_outside(tmp_path):
    program = write_program(tmp_path / 'landslide-map', 'os.kill(os.getpid(), signal.SIGKILL)')
    assert 'run it again with the same settings' in complaint(program, 'map')


def test_what_it_wrote_before_it_failed_is_kept(tmp_path):
    program = write_program(tmp_path / 'landslide-map', 'print("problem: numpy"); sys.exit(2)')
    with pytest.raises(CommandError) as error:
        run(program, 'doctor')
    assert error.value.output == ['problem: numpy']


def test_a_stop_is_no_failure(tmp_path):
    code = (
        'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n'
        'open("begun", "w").close()\ntime.sleep(60)'
    )
    begun = tmp_path / 'begun'
    program = write_program(tmp_path / 'landslide-map', code.replace('"begun"', repr(str(begun))))
    outcome, _ = run(program, 'map', stop=begun.exists)
    assert outcome.stopped


def test_a_stop_that_comes_too_late_changes_nothing(tmp_path):
    code = (
        'signal.signal(signal.SIGTERM, lambda *_: None)\n'
        'open("begun", "w").close()\ntime.sleep(0.4)\nprint("done")'
    )
    begun = tmp_path / 'begun'
    program = write_program(tmp_path / 'landslide-map', code.replace('"begun"', repr(str(begun))))
    outcome, _ = run(program, 'map', stop=begun.exists)
    assert (outcome.stopped, outcome.output) == (False, ['done'])


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr(landslide_map, '_versions', {})
