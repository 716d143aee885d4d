import os
import resource
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioError

from dfpenet_mm import installation
from dfpenet_mm.installation import drop_foreign_settings, quiet_libraries


def warn_as(module):
    exec(
        compile("import warnings\nwarnings.warn('advice')", f'{module}.py', 'exec'),
        {'__name__': module},
    )


def test_only_libraries_are_quiet(capsys):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        with quiet_libraries():
            print('remark')
            sys.stderr.write('error\n')
            warn_as('mmcv.cnn')
        warn_as('mmseg.models')
        warn_as('torch.nn')
        warn_as('rasterio')
        warn_as('pyogrio.raw')
        warn_as('dfpenet_mm.grid')
        print('result')
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ('result\n', 'error\n')
    assert len(seen) == 1


@pytest.fixture
def small_files():
    """Let no file grow beyond 64 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures('small_files')
def test_libtiff_says_nothing_of_its_own(tmp_path, capfd):
    """Its lines pass Python by, on the process's own stderr."""
    with quiet_libraries():
        pass
    noise = np.random.default_rng(1).integers(0, 255, (1, 512, 512), np.uint8)
    shape = {'width': 512, 'height': 512, 'count': 1, 'dtype': 'uint8'}
    with (
        pytest.raises(RasterioError),
        rasterio.open(tmp_path / 'a.tif', 'w', driver='GTiff', **shape) as target,
    ):
        target.write(noise)
    assert '_tiff' not in capfd.readouterr().err


def database(folder, *, minor):
    """Write a PROJ database of another version; it holds nothing else."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / 'proj.db')) as tables:
        tables.execute('CREATE TABLE metadata (key TEXT, value TEXT)')
        for name, value in (('MAJOR', 1), ('MINOR', minor)):
            row = (f'DATABASE.LAYOUT.VERSION.{name}', value)
            tables.execute('INSERT INTO metadata VALUES (?, ?)', row)
        tables.commit()
    return folder


@pytest.fixture
def clean(monkeypatch):
    for name in ('MPLBACKEND', *installation.PROJ_TABLES, *installation.GDAL_TABLES):
        monkeypatch.setenv(name, 'so that it is restored')
        monkeypatch.delenv(name)


@pytest.mark.usefixtures('clean')
def test_tables_that_proj_cannot_read_are_dropped(monkeypatch, tmp_path):
    (tmp_path / 'empty').mkdir()
    monkeypatch.setenv('PROJ_DATA', str(database(tmp_path / 'old', minor=0)))
    monkeypatch.setenv('PROJ_LIB', str(tmp_path / 'empty'))
    monkeypatch.setenv('GDAL_DATA', '/usr/share/gdal')
    dropped = drop_foreign_settings.__wrapped__()
    assert sorted(dropped) == ['GDAL_DATA', 'PROJ_DATA', 'PROJ_LIB']
    assert not set(dropped) & set(os.environ)


@pytest.mark.usefixtures('clean')
def test_tables_that_serve_are_kept(monkeypatch, tmp_path):
    """They may bring grids of a country that the wheels lack."""
    places = os.pathsep.join([str(tmp_path), str(database(tmp_path / 'new', minor=99))])
    monkeypatch.setenv('PROJ_DATA', places)
    assert drop_foreign_settings.__wrapped__() == {}
    assert os.environ['PROJ_DATA'] == places


@pytest.mark.usefixtures('clean')
def test_libraries_that_bring_no_tables_need_those_of_the_environment(monkeypatch):
    monkeypatch.setattr(installation, 'DATABASES', {'rasterio': 'nowhere/proj.db'})
    for name in ('PROJ_DATA', 'GDAL_DATA'):
        monkeypatch.setenv(name, '/opt/conda/share')
    assert drop_foreign_settings.__wrapped__() == {}
    assert os.environ['GDAL_DATA'] == '/opt/conda/share'


def test_settings_of_other_programs_break_no_command(tmp_path):
    """They are read when a library is imported: in a fresh process alone."""
    code = (
        'from tools.draw_inventory import main\n'
        'from rasterio.crs import CRS\n'
        'import pyproj\n'
        'CRS.from_epsg(32654), pyproj.CRS.from_epsg(32654)\n'
        'main()'
    )
    foreign = dict.fromkeys((*installation.PROJ_TABLES, *installation.GDAL_TABLES), str(tmp_path))
    result = subprocess.run(
        [sys.executable, '-c', code, '--help'],
        cwd=Path(__file__).resolve().parents[1],
        env={**os.environ, **foreign, 'MPLBACKEND': 'module://notebook_of_nobody'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, '')
    assert 'Draw an inventory' in result.stdout
