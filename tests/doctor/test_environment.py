import sys

import pytest

from dfpenet_mm.doctor import environment
from dfpenet_mm.doctor.environment import check_cache, check_tables, check_threads


@pytest.fixture(autouse=True)
def four_cores_and_no_variables(monkeypatch):
    monkeypatch.setattr(environment, 'usable_cores', lambda: 4)
    for name in (*environment.THREADS, *environment.TABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ('value', 'status', 'found'),
    [
        (None, 'ok', 'not set'),
        ('4', 'ok', '4'),
        ('1', 'warning', '1 of 4 cores are used'),
        ('64', 'warning', '64 threads'),
        ('many', 'warning', "'many'"),
        ('0', 'warning', "'0'"),
        ('', 'warning', "''"),
    ],
)
def test_threads(monkeypatch, value, status, found):
    if value is not None:
        monkeypatch.setenv('OMP_NUM_THREADS', value)
    first, second = check_threads()
    assert (first.name, first.status) == ('OMP_NUM_THREADS', status)
    assert found in first.found
    assert bool(first.mend) == (status == 'warning')
    assert second.status == 'ok'


def status_of(name):
    (found,) = [found for found in check_tables() if found.name == name]
    return found.status, found.found, found.mend


def test_tables_of_another_installation(monkeypatch, tmp_path):
    assert status_of('PROJ_LIB')[:2] == ('ok', 'not set')
    monkeypatch.setenv('PROJ_LIB', str(tmp_path))
    status, found, mend = status_of('PROJ_LIB')
    assert status == 'warning'
    assert 'belongs to another installation' in found
    assert mend.startswith('unset PROJ_LIB')
    monkeypatch.setenv('GDAL_DATA', str(tmp_path / 'gone'))
    assert 'does not exist' in status_of('GDAL_DATA')[1]
    monkeypatch.setenv('PROJ_DATA', sys.prefix)
    assert status_of('PROJ_DATA')[0] == 'ok'


def test_tables_that_no_command_reads(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, 'drop_foreign_settings', lambda: {'PROJ_LIB': str(tmp_path)})
    status, found, mend = status_of('PROJ_LIB')
    assert (status, mend) == ('ok', '')
    assert found == f'{tmp_path} of another program is not used'


def test_cache(monkeypatch, tmp_path):
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'cache'))
    (found,) = check_cache()
    assert found.status == 'ok'
    assert list((tmp_path / 'cache').iterdir()) == []
    (tmp_path / 'file').touch()
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'file' / 'cache'))
    (found,) = check_cache()
    assert found.status == 'warning'
    assert 'DFPENET_MM_CACHE' in found.mend
    monkeypatch.setenv('DFPENET_MM_CACHE', '')
    (found,) = check_cache()
    assert found.status == 'ok'
