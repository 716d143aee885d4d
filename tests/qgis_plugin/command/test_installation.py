"""Environments that "Set up" makes, offline and with the user's own Python."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qgis_plugin.command.installation import Installation, complaint, find_python, install
from qgis_plugin.command.landslide_map import CommandError, program_in
from tests.qgis_plugin.small_bundle import write_bundle


def set_up(wanted, stop=lambda: False):
    told, shares = [], []
    return install(wanted, tell=told.append, progress=shares.append, stop=stop), told, shares


def refusal(wanted):
    with pytest.raises(CommandError) as error:
        set_up(wanted)
    return str(error.value)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ein Ordner é')
    wanted = Installation(
        folder=folder / 'environment',
        bundle=write_bundle(folder / 'bundle'),
        python=Path(sys.executable),
    )
    # One that was stopped is completed by another call.
    assert set_up(wanted, stop=lambda: True)[0] is None
    return wanted, set_up(wanted)


def test_a_bundle_becomes_an_environment_with_the_command(made):
    wanted, (command, told, shares) = made
    assert command == program_in(wanted.folder)
    said = subprocess.run([command, '--version'], capture_output=True, text=True, check=True)
    assert said.stdout == 'landslide-map 9.9.9\n'
    assert shares == sorted(shares)
    (pip,) = [line for line in told if ' pip ' in line]
    assert '--no-index --find-links' in pip


def test_it_is_renewed_in_its_folder(made):
    wanted, (command, _, _) = made
    again, told, _ = set_up(wanted)
    assert again == command
    assert not [line for line in told if line.endswith(f' -m venv {wanted.folder}')]


def test_what_a_bundle_lacks_is_told_in_one_sentence(made):
    said = refusal(replace(made[0], package='not_in_there'))
    assert 'the environment could not be made (No matching distribution' in said
    assert 'name the package or the bundle that your organisation gives' in said


def test_a_damaged_bundle_is_refused_before_anything_is_made(tmp_path):
    bundle = write_bundle(tmp_path / 'bundle')
    (wheel,) = bundle.glob('wheels/*')
    wheel.write_bytes(wheel.read_bytes()[:-1])
    said = refusal(Installation(tmp_path / 'environment', bundle))
    assert f'wheels/{wheel.name} of the bundle is missing or damaged; copy the bundle again' in said
    assert not (tmp_path / 'environment').exists()


def test_a_bundle_for_another_python_is_refused(tmp_path):
    bundle = write_bundle(tmp_path / 'bundle', python='3.99')
    named = Path(sys.executable)
    said = refusal(Installation(tmp_path / 'environment', bundle, python=named))
    assert said.startswith(f'{named} is Python 3.')
    assert 'and the bundle is for Python 3.99' in said
    assert 'no Python 3.99 was found; install one' in refusal(Installation(tmp_path / 'e', bundle))


def test_settings_of_the_machine_do_not_reach_into_a_bundle(made, monkeypatch, tmp_path):
    """Such as a folder to install into, or constraints that the bundle does not meet."""
    (tmp_path / 'constraints.txt').write_text('dfpenet_mm==1.0\n')
    (tmp_path / 'pip.conf').write_text(f'[install]\nconstraint = {tmp_path}/constraints.txt\n')
    monkeypatch.setenv('PIP_CONFIG_FILE', str(tmp_path / 'pip.conf'))
    monkeypatch.setenv('PIP_TARGET', str(tmp_path / 'elsewhere'))
    assert set_up(made[0])[0] == made[1][0]
    assert not (tmp_path / 'elsewhere').exists()


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.txt').touch()
    assert 'is not empty; name a folder that is new or empty' in refusal(Installation(tmp_path))
    assert 'is a file' in refusal(Installation(tmp_path / 'thesis.txt'))


def test_the_extras_and_the_package_are_what_pip_is_asked_for(tmp_path):
    assert Installation(tmp_path).requirement == 'dfpenet_mm'
    assert Installation(tmp_path, extras=('train',)).requirement == 'dfpenet_mm[train]'
    assert Installation(tmp_path, package='/a/b.whl').requirement == '/a/b.whl'


def fake_python(path, said, code=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho {said!r} >&{2 if code else 1}\nexit {code}\n')
    path.chmod(0o755)
    return path


def test_an_interpreter_that_will_not_do_says_why(tmp_path):
    assert complaint(Path(sys.executable)) == ''
    assert 'is Python 3.9; name one of version 3.11' in complaint(
        fake_python(tmp_path / 'old', '3 9 /usr/bin/python3.9')
    )
    assert 'install the package python3-venv' in complaint(
        fake_python(tmp_path / 'bare', "No module named 'ensurepip'", 1)
    )
    assert 'does not start' in complaint(tmp_path / 'nowhere')


def test_one_is_looked_for_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(CommandError, match=r'no Python 3\.11 or newer was found; install one'):
        find_python()
    fake_python(tmp_path / 'python3', '3 10 /usr/bin/python3')
    (tmp_path / 'python3.12').symlink_to(sys.executable)
    assert find_python() == tmp_path / 'python3.12'
