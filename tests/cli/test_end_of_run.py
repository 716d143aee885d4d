"""What a run says at its end, to people and to programs."""

import io
import json
import sys

import pytest
from rich.text import Text

from dfpenet_mm.cli.end_of_run import report
from dfpenet_mm.run.messages import Messages
from dfpenet_mm.run.publish import LandslideRun

SCORES = {'tp': 3, 'fp': 0, 'precision': 0.9425, 'recall': None}
SUMMARY = {
    'totals': {
        'landslides': 2,
        'area_m2': 1_500_000.0,
        'largest_m2': 1_499_100.0,
        'median_m2': 750_000.0,
    },
    'hooks': [
        {
            'hook': 'GeologicFilter',
            'regions_in': 9,
            'regions_out': 2,
            'area_m2_in': 1_512_000.0,
            'area_m2_out': 1_500_000.0,
        },
        {
            'hook': 'Vectoriser',
            'regions_in': 2,
            'regions_out': 2,
            'area_m2_in': 1_500_000.0,
            'area_m2_out': 1_500_000.0,
        },
    ],
    'evaluation': {
        'Evaluator': {'reference': 'inventory.shp', 'pixels': SCORES, 'landslides': SCORES}
    },
    'seconds': {'measure_shift': 0.01, 'load': 1.25, 'a_new_stage': 2.0},
    'warnings': ['snow [of 2018]'],
}


@pytest.fixture
def run(tmp_path):
    # Longer than a terminal is wide.
    folder = tmp_path / ('long_' * 20)
    return LandslideRun(SUMMARY, (folder / 'mask.tif', folder / 'report.html', folder / 'x.unk'))


def test_findings_go_to_stdout_and_warnings_to_stderr(run, capsys):
    report(run, Messages())
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert (
        lines[0] == '2 landslides, 1.500 km2; the largest 1.499 km2, half of them 0.750 km2 or less'
    )
    assert lines[1] == '1 warning: see below'
    rows = [line.split() for line in lines]
    assert ['GeologicFilter', '9', '2', '7', '0.012'] in rows
    assert ['Vectoriser', '2', '2'] in rows
    assert ['pixels', '3', '0', '94.2%', 'n/a'] in rows
    assert ['load', 'the', 'network', '1.2', 's'] in rows
    assert ['a', 'new', 'stage', '2.0', 's'] in rows
    assert 'measure the shift' not in printed.out
    assert printed.err == 'warning: snow [of 2018]\n'


def test_a_pipe_gets_whole_paths_and_no_drawing(run, capsys):
    report(run, Messages())
    out = capsys.readouterr().out
    assert all(out.count(str(path)) == 1 for path in run.files)
    assert out.isascii()
    assert '\x1b' not in out
    assert out.index('report.html') < out.index('mask.tif') < out.index('x.unk')
    assert 'report.html  open in a browser' in out


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize('columns', [40, 80, 200])
def test_a_terminal_gets_tables_that_fit(run, monkeypatch, columns):
    out, err = Terminal(), Terminal()
    monkeypatch.setenv('COLUMNS', str(columns))
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stdout', out)
    monkeypatch.setattr(sys, 'stderr', err)
    report(run, Messages())
    lines = Text.from_ansi(out.getvalue()).plain.splitlines()
    (folder,) = [line for line in lines if str(run.files[0].parent) in line]
    assert folder.startswith('Products in ')
    assert max(len(line) for line in lines if line != folder) <= columns
    assert any(line.split()[:1] == ['report.html'] for line in lines)
    assert 'warning: snow [of 2018]' in Text.from_ansi(err.getvalue()).plain


def test_json_is_one_document_with_paths_and_warnings(run, capsys):
    report(run, Messages(), as_json=True, quiet=True)
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document['totals'] == SUMMARY['totals']
    assert document['warnings'] == SUMMARY['warnings']
    assert document['files'] == [str(path) for path in run.files]
    assert document['exit_code'] == 0
    assert printed.err == 'warning: snow [of 2018]\n'


def test_quiet_leaves_the_warnings(run, capsys):
    report(run, Messages(), quiet=True)
    printed = capsys.readouterr()
    assert printed.out == ''
    assert printed.err == 'warning: snow [of 2018]\n'


def test_no_landslide_has_no_size(run, capsys):
    totals = {'landslides': 0, 'area_m2': 0.0, 'largest_m2': None, 'median_m2': None}
    report(LandslideRun({**SUMMARY, 'totals': totals, 'warnings': []}, run.files), Messages())
    assert capsys.readouterr().out.splitlines()[0] == '0 landslides, 0.000 km2'
