"""Bundles from wheels of a few lines: no index is asked, and pip does all that it does."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import dfpenet_mm
from qgis_plugin.command.bundle import open_bundle
from tests.qgis_plugin.small_bundle import write_wheel
from tools.write_bundle import (
    BundleError,
    markers,
    platform_options,
    system_of,
    this_platform,
    write_bundle,
)

ROOT = Path(__file__).resolve().parents[2]
PINS = dict(re.findall(r'^([A-Za-z]\S*)==(\S+)$', (ROOT / 'constraints.txt').read_text(), re.M))
HERE = '{}.{}'.format(*sys.version_info)


@pytest.fixture
def _shelf(tmp_path, monkeypatch):
    """Keep wheels where pip looks, in place of an index; numpy's is for Windows as well."""
    shelf = tmp_path / 'shelf'
    write_wheel(shelf, 'colorama', PINS['colorama'])
    write_wheel(shelf, 'click', PINS['click'], needs=['colorama; sys_platform == "win32"'])
    for tag in ('win_amd64', 'manylinux_2_17_x86_64', 'manylinux_2_34_x86_64'):
        write_wheel(shelf, 'numpy', PINS['numpy'], f'cp311-cp311-{tag}')
    monkeypatch.setenv('PIP_CONFIG_FILE', os.devnull)
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(shelf))


def ours(folder, *needs):
    return write_wheel(folder / 'ours', needs=['torch; extra == "train"', *needs])


def files(bundle):
    return sorted(p.relative_to(bundle).as_posix() for p in bundle.rglob('*') if p.is_file())


@pytest.mark.usefixtures('_shelf')
def test_what_only_the_other_system_needs_comes_along(tmp_path):
    wheel = ours(tmp_path, 'click', 'numpy>=2')
    bundle = write_bundle(tmp_path, 'win_amd64', '3.11', wheel)
    assert bundle == tmp_path / 'dfpenet_mm-9.9.9-win_amd64-py311'
    assert files(bundle) == [
        'README.txt',
        'SHA256SUMS',
        'bundle.json',
        'constraints.txt',
        'install.py',
        'landslides.zip',
        f'wheels/click-{PINS["click"]}-py3-none-any.whl',
        f'wheels/colorama-{PINS["colorama"]}-py3-none-any.whl',
        'wheels/dfpenet_mm-9.9.9-py3-none-any.whl',
        f'wheels/numpy-{PINS["numpy"]}-cp311-cp311-win_amd64.whl',
    ]
    assert (bundle / 'constraints.txt').read_text().splitlines() == [
        f'click=={PINS["click"]}',
        f'colorama=={PINS["colorama"]}',
        'dfpenet-mm==9.9.9',
        f'numpy=={PINS["numpy"]}',
    ]
    assert open_bundle(bundle).mismatch('3.11', 'win-amd64') == ''
    readme = (bundle / 'README.txt').read_text()
    assert 'Windows 10 or newer on amd64\n    Python 3.11 (' in readme
    assert '@' not in readme


@pytest.mark.usefixtures('_shelf')
def test_every_file_is_in_the_checksums_and_a_second_bundle_equals_the_first(tmp_path):
    wheel = ours(tmp_path, 'click', 'numpy')
    bundle = write_bundle(tmp_path, 'manylinux_2_28_x86_64', '3.11', wheel)
    first = {name: (bundle / name).read_bytes() for name in files(bundle)}
    listed = [line.split('  ')[1] for line in (bundle / 'SHA256SUMS').read_text().splitlines()]
    assert listed == [name for name in first if name != 'SHA256SUMS']
    # One for an older library is taken, one for a newer is not, nor what Windows needs.
    wheels = [name for name in first if name.startswith('wheels/')]
    assert any('numpy' in name and 'manylinux_2_17' in name for name in wheels)
    assert len(wheels) == 3
    (bundle / 'wheels' / 'old-1.0-py3-none-any.whl').touch()
    assert write_bundle(tmp_path, 'manylinux_2_28_x86_64', '3.11', wheel) == bundle
    assert {name: (bundle / name).read_bytes() for name in files(bundle)} == first


def write(*arguments):
    command = [sys.executable, ROOT / 'tools' / 'write_bundle.py', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures('_shelf')
def test_a_package_without_a_wheel_leaves_no_bundle(tmp_path):
    wheel = ours(tmp_path, 'numpy')
    target = tmp_path / 'dist'
    done = write('--wheel', wheel, '--dist', target, '--platform', 'macosx_14_0_arm64')
    assert (done.returncode, done.stdout) == (2, '')
    said = done.stderr.splitlines()[-1]
    assert said.startswith('error: pip could not get the wheels (see above); look whether')
    assert list(target.iterdir()) == []


def test_a_platform_that_is_none_is_refused():
    with pytest.raises(BundleError, match='freebsd is no platform that wheels are named after'):
        markers('freebsd', '3.11')


def test_older_linux_wheels_are_wanted_by_all_their_names():
    options = platform_options('manylinux_2_17_aarch64')
    assert options[:2] == ['--platform', 'manylinux_2_17_aarch64']
    assert options.count('--platform') == 13 + 3
    assert 'manylinux2014_aarch64' in options
    assert 'manylinux2014_aarch64' not in platform_options('manylinux_2_12_aarch64')
    assert platform_options('win_amd64') == ['--platform', 'win_amd64']


def test_markers_are_those_of_the_other_system():
    windows = markers('win_amd64', '3.12')
    assert (windows['sys_platform'], windows['platform_machine']) == ('win32', 'AMD64')
    assert windows['python_version'] == '3.12'
    mac = markers('macosx_14_0_arm64', '3.11')
    assert (mac['platform_system'], mac['platform_machine']) == ('Darwin', 'arm64')
    assert markers('manylinux_2_28_x86_64', '3.11')['platform_machine'] == 'x86_64'


def test_the_system_of_this_machine_is_that_of_its_bundle():
    assert sysconfig.get_platform().startswith(system_of(this_platform()))
    assert system_of('win_amd64') == 'win-amd64'
    assert system_of('macosx_14_0_arm64') == 'macosx-'


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    return write_bundle(tmp_path / 'ein Bündel', this_platform(), HERE, ours(tmp_path))


def install(bundle, *arguments):
    """Run its script where no index, setting, cache or variable can help."""
    return subprocess.run(
        [sys.executable, '-I', bundle / 'install.py', *map(str, arguments)],
        env={
            'HOME': str(bundle.parent),
            'PATH': os.environ['PATH'],
            'PIP_NO_INDEX': '1',
            'PIP_INDEX_URL': 'http://127.0.0.1:9/simple',
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_script_installs_and_says_where(bundle):
    done = install(bundle)
    assert (done.returncode, done.stderr) == (0, '')
    command = bundle.parent / 'landslide-map' / 'bin' / 'landslide-map'
    assert 'landslide-map 9.9.9 doctor\n' in done.stdout
    assert f'landslide-map is installed: {command}\n' in done.stdout
    assert f'Install from ZIP: {bundle}/landslides.zip\n' in done.stdout
    assert done.stdout.endswith(f'Providers > Landslides > landslide-map: {command}\n')
    assert not list(bundle.rglob('__pycache__'))


@pytest.mark.parametrize(
    'name', ['landslides.zip', 'README.txt', 'wheels/dfpenet_mm-9.9.9-py3-none-any.whl']
)
def test_its_script_refuses_what_is_missing_or_damaged(bundle, name):
    wanted = f'error: {name} of the bundle is missing or damaged; copy the bundle again\n'
    content = bytearray((bundle / name).read_bytes())
    for place in range(40, len(content) * 3 // 4, 400):
        content[place] ^= 1
    (bundle / name).write_bytes(content)
    for _ in ('damaged', 'missing'):
        done = install(bundle)
        assert (done.returncode, done.stderr) == (2, wanted)
        (bundle / name).unlink(missing_ok=True)
    assert not (bundle.parent / 'landslide-map').exists()


def test_its_script_refuses_a_folder_and_a_python_that_will_not_do(bundle, tmp_path):
    (tmp_path / 'thesis.txt').touch()
    for arguments, said in (
        ((tmp_path,), f'error: {tmp_path} is not empty; name a folder that is new or empty\n'),
        (('--python', tmp_path / 'no'), f'error: {tmp_path}/no does not start ('),
    ):
        done = install(bundle, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(said)
        assert done.stderr.count('\n') == 1


def test_the_plug_in_of_a_bundle_is_the_plug_in(bundle):
    about = json.loads((bundle / 'bundle.json').read_text())
    assert about['version'] == '9.9.9'
    assert 'landslides/metadata.txt' in zipfile.ZipFile(bundle / 'landslides.zip').namelist()


@pytest.mark.slow
@pytest.mark.skipif(
    'DFPENET_REQUIRE_INDEX' not in os.environ,
    reason='downloads 300 MB from a package index; .ci/run asks for it by DFPENET_REQUIRE_INDEX',
)
def test_the_base_itself_installs_and_finds_itself_sound(tmp_path):
    done = write('--dist', tmp_path / 'ein Bündel')
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / 'ein Bündel').iterdir()
    assert done.stdout == f'{folder}\n'

    done = install(folder)

    # The script runs doctor, and ends with 2 where it finds a problem.
    assert (done.returncode, done.stderr) == (0, '')
    command = tmp_path / 'ein Bündel' / 'landslide-map' / 'bin' / 'landslide-map'
    said = subprocess.run([command, '--version'], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f'landslide-map {dfpenet_mm.__version__}')
