import os

import pytest

from qgis_plugin.command.environment import clean_environment


@pytest.mark.parametrize(
    'name',
    [
        'PYTHONHOME',
        'PYTHONPATH',
        'GDAL_DATA',
        'GDAL_DRIVER_PATH',
        'PROJ_LIB',
        'PROJ_DATA',
        'LD_LIBRARY_PATH',
        'DYLD_LIBRARY_PATH',
        'QT_PLUGIN_PATH',
        'QT_QPA_PLATFORM',
        'QGIS_PREFIX_PATH',
        'O4W_QT_PLUGINS',
        'OSGEO4W_ROOT',
        'VIRTUAL_ENV',
    ],
)
def test_what_belongs_to_qgis_is_left_out(name):
    assert clean_environment({name: '/opt/qgis', 'HOME': '/home/a'}) == {
        'HOME': '/home/a',
        'PYTHONUTF8': '1',
    }


@pytest.mark.parametrize('name', ['PATH', 'HTTPS_PROXY', 'PIP_INDEX_URL', 'OMP_NUM_THREADS', 'TMP'])
def test_what_belongs_to_the_user_stays(name):
    assert clean_environment({name: 'value'})[name] == 'value'


def test_programs_of_qgis_are_off_the_path():
    home = os.path.join(os.sep, 'OSGeo4W')
    folders = [os.path.join(home, 'bin'), home, os.path.join(os.sep, 'OSGeo4W2'), '/usr/bin']
    cleaned = clean_environment({'OSGEO4W_ROOT': home, 'PATH': os.pathsep.join(folders)})
    assert cleaned['PATH'].split(os.pathsep) == folders[2:]


def test_folders_of_installers_are_on_the_path_of_a_mac(monkeypatch):
    monkeypatch.setattr('sys.platform', 'darwin')
    cleaned = clean_environment({'PATH': '/usr/bin:/usr/local/bin'})
    assert cleaned['PATH'] == '/usr/bin:/usr/local/bin:/opt/homebrew/bin'


def test_the_environment_of_this_process_is_the_default(monkeypatch):
    monkeypatch.setenv('PYTHONHOME', '/opt/qgis')
    monkeypatch.setenv('LANG', 'ja_JP.UTF-8')
    cleaned = clean_environment()
    assert 'PYTHONHOME' not in cleaned
    assert cleaned['LANG'] == 'ja_JP.UTF-8'
