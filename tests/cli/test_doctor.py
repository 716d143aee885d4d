"""What the checkup says as a whole, and how it ends."""

import json

import pytest

from dfpenet_mm.cli.doctor import CHECKUPS, run
from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.doctor.environment import Finding, problem, warning
from dfpenet_mm.run.messages import Messages


def fine():
    yield Finding('numpy', '2.4')


def slow():
    yield warning('threads', '1 of 4', 'unset them')


def broken():
    yield problem('torch', 'gone', 'install it')


def check_that_breaks():
    yield Finding('first', 'seen')
    raise RuntimeError('undefined symbol')


@pytest.mark.parametrize(
    ('checkups', 'code', 'verdict'),
    [
        ([fine], 0, 'All is well.'),
        ([fine, slow], 0, '1 warning, but mapping can run.'),
        ([broken, slow, broken], 2, '2 problems and 1 warning: mapping cannot run'),
        ([check_that_breaks, fine], 2, '1 problem: mapping cannot run'),
    ],
)
def test_verdict_and_exit_code(capsys, checkups, code, verdict):
    assert run([], Messages(), {'packages': checkups}).exit_code == code
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith(verdict)
    assert out.count('packages:\n') == 1
    assert out.count('  -> ') == sum(word in out for word in ('unset', 'mend the')) + out.count(
        'install it'
    )


def test_a_checkup_that_breaks_is_reported_and_the_others_go_on(capsys):
    checkups = {'one': [check_that_breaks], 'two': [fine]}
    assert run(['--json'], Messages(), checkups).exit_code == 2
    document = json.loads(capsys.readouterr().out)
    assert [found['name'] for found in document['findings']] == ['first', 'that breaks', 'numpy']
    assert document['findings'][1] == {
        'subject': 'one',
        'name': 'that breaks',
        'found': 'RuntimeError: undefined symbol',
        'status': 'problem',
        'mend': 'mend the packages named above, then try again',
    }
    assert (document['exit_code'], document['problems'], document['warnings']) == (2, 1, 0)


def test_doctor_is_a_command_whatever_lies_in_the_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / 'doctor').write_text('not a config')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_info:
        main(['doctor', '--help'])
    assert exit_info.value.code == 0
    assert './doctor' in capsys.readouterr().out
    with pytest.raises(SystemExit) as exit_info:
        main(['doctor', 'weights.pth', '--json'])
    assert exit_info.value.code == 2
    assert json.loads(capsys.readouterr().out)['exit_code'] == 2


def test_it_reports_where_torch_and_cv2_do_not_load(fresh_python):
    """Mapping does without them, and so does the command."""
    code = (
        'import sys\n'
        "sys.modules['torch'] = sys.modules['cv2'] = None\n"
        'from dfpenet_mm.cli.landslide_map import main\n'
        "main(['doctor', '--json'])"
    )
    done = fresh_python(code)
    assert done.returncode == 0
    assert done.stderr == ''
    findings = json.loads(done.stdout)['findings']
    statuses = {found['name']: found['status'] for found in findings}
    assert statuses['torch'] == statuses['cv2'] == 'warning'
    assert statuses['GeoTIFF'] == statuses['shapely'] == 'ok'
    assert {found['subject'] for found in findings} == set(CHECKUPS)
