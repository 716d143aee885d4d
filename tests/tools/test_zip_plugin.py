"""The plug-in's archive, as QGIS's plug-in manager unpacks it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def write(target):
    command = [sys.executable, ROOT / 'tools' / 'zip_plugin.py', target]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == f'{target}\n'
    return target


@pytest.fixture(scope='module')
def archive(tmp_path_factory):
    return write(tmp_path_factory.mktemp('zip') / 'new' / 'landslides.zip')


def test_everything_lies_in_one_folder_that_python_can_import(archive):
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split('/')[0] for name in names} == {'landslides'}
    for name in ('__init__.py', 'metadata.txt', 'icon.svg', 'LICENSE', 'command/process.py'):
        assert f'landslides/{name}' in names
    assert not [name for name in names if '__pycache__' in name or name.endswith('/')]


def test_equal_files_give_equal_bytes(archive, tmp_path):
    os.utime(ROOT / 'qgis_plugin' / 'metadata.txt')
    assert write(tmp_path / 'again.zip').read_bytes() == archive.read_bytes()


def test_what_was_zipped_runs_from_where_it_was_unpacked(archive, tmp_path):
    zipfile.ZipFile(archive).extractall(tmp_path)
    code = 'import landslides.command.installation as i; print(i.__file__)'
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
