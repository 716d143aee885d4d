"""``--progress json``, by the command line: one object a line on stderr, whatever happens."""

import json
import os
import shutil
import signal
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.cli import doctor
from dfpenet_mm.cli.landslide_map import VERBS, main
from dfpenet_mm.doctor.environment import Finding, problem, warning
from dfpenet_mm.run import run as run_module
from tests.report.page.generated_run import write_run

FOR_PROGRAMS = ('--progress', 'json')


@pytest.fixture
def heard(capsys):
    """Run a command; return the objects on stderr, what is on stdout, and the exit code."""

    def run(*arguments):
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in (*arguments, *FOR_PROGRAMS)])
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return [json.loads(line) for line in printed.err.splitlines()], printed.out, code

    return run


def ended(events, kind):
    """Return the last event, the only one of its kind."""
    assert [event['event'] for event in events].count(kind) == 1
    assert events[-1]['event'] == kind
    return events[-1]


def stages(events):
    found = [event for event in events if event['event'] == 'progress']
    for event in found:
        assert set(event) == {'event', 'stage', 'fraction', 'seconds_left', 'message'}
        assert event['fraction'] is None or 0 <= event['fraction'] <= 1
    return list(dict.fromkeys(event['stage'] for event in found))


@pytest.fixture
def finished(tmp_path):
    out = write_run(tmp_path)
    told = json.loads((out / 'summary.json').read_text())
    del told['provenance']['inputs']
    (out / 'summary.json').write_text(json.dumps({**told, 'files': ['mask.tif']}))
    return out


def test_a_map_is_told_from_its_first_stage_to_its_products(heard, cheap_arguments, tmp_path):
    events, printed, code = heard(*cheap_arguments(tmp_path / 'out'), '--json')
    assert code == 0
    result = ended(events, 'result')
    assert result['message'].startswith(
        f'{json.loads(printed)["totals"]["landslides"]} landslides, '
    )
    assert result['products']['folder'] == str(tmp_path / 'out')
    assert result['products']['inventory'] == str(tmp_path / 'out' / 'landslides.gpkg')
    assert all(os.path.exists(path) for path in result['products'].values())
    names = stages(events)
    assert names[0] == 'load the libraries'
    assert names.index('recognise post-event image') < names.index('write the rasters')
    shares = [event['fraction'] for event in events if event.get('fraction') is not None]
    assert shares == sorted(shares)
    assert shares[-1] > 0
    assert all(event['seconds_left'] is not None for event in events if event.get('fraction'))
    told = [event['message'] for event in events if event['event'] == 'warning']
    assert told == json.loads(printed)['warnings']


def test_quiet_leaves_warnings_and_the_result(heard, cheap_arguments, tmp_path):
    events, printed, _ = heard(*cheap_arguments(tmp_path / 'out'), '--quiet')
    assert printed == ''
    assert {event['event'] for event in events} <= {'warning', 'result'}
    ended(events, 'result')


@pytest.mark.parametrize('verb', VERBS)
def test_a_fault_of_the_command_line_is_an_event(verb, heard):
    events, _, code = heard(verb, '--no-such-option')
    assert code == 2
    (error,) = events
    assert error['event'] == 'error'
    assert error['exit_code'] == 2
    assert '--no-such-option' in error['message'] or 'required' in error['message']


@pytest.mark.parametrize(
    'arguments',
    [
        ('map', '--post', 'nowhere.tif'),
        ('fetch', '--date', '2018-09-05', '--aoi', 'nowhere.gpkg'),
        ('evaluate', 'nowhere.gpkg', 'nowhere.gpkg'),
        ('finish', 'nowhere'),
        ('report', 'nowhere', '--post', 'nowhere.tif'),
        ('audit', 'draw', 'nowhere'),
        ('teach', '--run', 'nowhere', '--out', 'taught'),
        ('benchmark', 'nowhere'),
    ],
)
def test_a_missing_file_is_an_event(arguments, heard, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events, printed, code = heard(*arguments)
    error = ended(events, 'error')
    assert (code, error['exit_code'], printed) == (2, 2, '')
    assert 'nowhere' in error['message']
    assert not error['message'].startswith('error')


def test_an_interrupt_is_an_event(heard, cheap_arguments, tmp_path, monkeypatch):
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):

        def stop(*_, number=number):
            os.kill(os.getpid(), number)

        monkeypatch.setattr(run_module, 'map_landslides', stop)
        events, _, ended_with = heard(*cheap_arguments(tmp_path / 'out'))
        error = ended(events, 'error')
        assert error['exit_code'] == ended_with == code
        assert error['message'] in ('interrupted', 'terminated')


def test_a_defect_is_an_event_with_its_traceback(heard, cheap_arguments, tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError('by nought')

    monkeypatch.setattr(run_module, 'map_landslides', fail)
    events, _, code = heard(*cheap_arguments(tmp_path / 'out'))
    error = ended(events, 'error')
    assert error['exit_code'] == code == 1
    assert error['message'] == 'ZeroDivisionError: by nought'
    assert 'Traceback' in error['traceback']


def test_an_audit_and_a_report_name_their_files(heard, finished):
    events, _, _ = heard('audit', 'draw', finished, '--points', 40)
    result = ended(events, 'result')
    assert result['products']['audit'] == str(finished / 'audit.gpkg')
    assert stages(events) == ['load the libraries', 'draw the sample']
    points = gpd.read_file(finished / 'audit.gpkg', layer='audit')
    points.assign(verdict='landslide', reviewer='A').to_file(finished / 'audit.gpkg', layer='audit')
    events, _, _ = heard('audit', 'estimate', finished)
    assert 'note' in [event['event'] for event in events]
    assert ended(events, 'result')['message'].startswith('landslides cover')
    images = ('--post', finished.parent / 'post.tif')
    events, _, _ = heard('report', finished, *images, '--target', finished / 'page.html')
    assert ended(events, 'result')['products']['report'] == str(finished / 'page.html')


def test_a_review_is_finished_and_compared(heard, cheap, cheap_arguments, tmp_path):
    out = tmp_path / 'out'
    heard(*cheap_arguments(out))
    shutil.copy(out / 'landslides.gpkg', tmp_path / 'before.gpkg')
    events, _, code = heard('finish', out, '--post', cheap / 'post.tif', '--reviewer', 'A')
    assert code == 0
    assert ended(events, 'result')['products']['inventory'] == str(out / 'landslides.gpkg')
    assert 'write the report' in stages(events)
    assert [event for event in events if event.get('fraction')]
    again, _, _ = heard('finish', out, '--post', cheap / 'post.tif')
    assert again[-2]['event'] == 'note'
    events, _, _ = heard(
        'evaluate', out / 'landslides.gpkg', tmp_path / 'before.gpkg', '--out', tmp_path / 'judged'
    )
    assert ended(events, 'result')['products']['evaluation'] == str(
        tmp_path / 'judged' / 'evaluation.gpkg'
    )


def test_a_benchmark_tells_its_share(heard, cheap, tmp_path):
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[10:30, 10:30, 0] = 255
    for part, image in (('images', pixels), ('masks', pixels[..., 0])):
        (tmp_path / 'set' / part).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / 'set' / part / 'one.png')
    network = (cheap / 'config.py', cheap / 'weights.pth')
    out = tmp_path / 'out'
    options = ('--pixel-size', 10, '--scales', 1, 2, '--out', out, '--pictures', 0)
    events, _, code = heard('benchmark', *network, tmp_path / 'set', *options)
    assert code == 0
    result = ended(events, 'result')
    assert result['message'] == '1 image judged'
    assert result['products']['report'] == str(out / 'benchmark.html')
    assert 'recognise post-event image' in stages(events)


def test_a_doctor_warns_and_gives_the_verdict(heard, monkeypatch):
    def slow():
        yield Finding('numpy', '2.4')
        yield warning('threads', '1 of 4', 'unset them')

    monkeypatch.setattr(doctor.run, '__defaults__', ({'machine': [slow]},))
    events, printed, code = heard('doctor')
    assert 'threads' in printed
    assert code == 0
    assert {'event': 'warning', 'message': 'threads: 1 of 4; unset them'} in events
    assert ended(events, 'result')['message'] == '1 warning, but mapping can run.'

    def broken():
        yield problem('torch', 'gone', 'install it')

    monkeypatch.setattr(doctor.run, '__defaults__', ({'packages': [broken]},))
    events, _, code = heard('doctor')
    error = ended(events, 'error')
    assert error['exit_code'] == code == 2
    assert 'mapping cannot run' in error['message']


def test_paths_are_absolute(heard, cheap_arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events, _, _ = heard(*cheap_arguments(Path('here')))
    products = ended(events, 'result')['products']
    assert products['mask'] == str(tmp_path / 'here' / 'mask.tif')
