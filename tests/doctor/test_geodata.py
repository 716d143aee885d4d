import os
import subprocess
import sys

import pytest

from dfpenet_mm.doctor import geodata
from dfpenet_mm.doctor.geodata import (
    check_projections,
    check_raster_drivers,
    check_vector_drivers,
)


def test_this_installation_is_sound():
    findings = [*check_raster_drivers(), *check_vector_drivers(), *check_projections()]
    assert {found.status for found in findings} == {'ok'}
    assert len(findings) == 5


@pytest.mark.parametrize(
    ('names', 'check', 'package'),
    [
        ('RASTER_DRIVERS', check_raster_drivers, 'rasterio'),
        ('VECTOR_DRIVERS', check_vector_drivers, 'pyogrio'),
    ],
)
def test_a_missing_driver(monkeypatch, names, check, package):
    monkeypatch.setattr(geodata, names, ('Papyrus', *getattr(geodata, names)))
    (found,) = check()
    assert found.status == 'problem'
    assert 'without Papyrus' in found.found
    assert package in found.mend


def test_a_driver_that_writes_nothing_good(monkeypatch):
    def fail():
        raise OSError('no space in memory')

    monkeypatch.setattr(geodata, '_write_cog', fail)
    *_, found = check_raster_drivers()
    assert (found.status, found.found) == ('problem', 'OSError: no space in memory')


def test_tables_that_place_it_elsewhere(monkeypatch):
    monkeypatch.setattr(geodata, 'UTM', (500_000.0, 11.0))
    for found in check_projections():
        assert found.status == 'problem'
        assert 'unset PROJ_DATA and PROJ_LIB' in found.mend


def test_the_tables_of_a_stranger(tmp_path):
    """The variable is read when the libraries are loaded."""
    code = (
        'from dfpenet_mm.doctor.geodata import check_projections\n'
        'for found in check_projections(): print(found.name, found.status)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PROJ_DATA': str(tmp_path), 'PROJ_LIB': str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'PROJ of rasterio problem' in done.stdout
