"""Bundles as they arrive: whole or not, and for which Python."""

import pytest

from qgis_plugin.command.bundle import Bundle, open_bundle
from qgis_plugin.command.landslide_map import CommandError
from tests.qgis_plugin.small_bundle import write_bundle


@pytest.fixture
def folder(tmp_path):
    return write_bundle(tmp_path / 'Bündel 1', python='3.11', system='linux-x86_64')


def refusal(folder):
    with pytest.raises(CommandError) as error:
        open_bundle(folder)
    return str(error.value)


def test_a_whole_one_says_what_it_is_for(folder):
    assert open_bundle(folder) == Bundle(folder, '3.11', 'linux-x86_64')


@pytest.mark.parametrize('name', ['bundle.json', 'wheels/dfpenet_mm-9.9.9-py3-none-any.whl'])
def test_a_file_that_is_missing_or_has_one_wrong_bit_is_named(folder, name):
    wanted = f'{name} of the bundle is missing or damaged; copy the bundle again'
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert refusal(folder) == wanted
    (folder / name).unlink()
    assert refusal(folder) == wanted


@pytest.mark.parametrize('text', [None, '\x00', 'abc', 'wheels/a.whl\n'])
def test_checksums_that_are_missing_or_none_are_refused(folder, text):
    sums = folder / 'SHA256SUMS'
    sums.unlink() if text is None else sums.write_text(text)
    assert refusal(folder).startswith('SHA256SUMS of the bundle is missing or damaged')


def test_another_folder_is_no_bundle(tmp_path):
    assert 'is no offline bundle, as it has no folder "wheels"' in refusal(tmp_path)


def test_pip_takes_everything_from_it(folder):
    (folder / 'constraints.txt').touch()
    options = open_bundle(folder).options()
    assert options[:4] == ['--isolated', '--no-index', '--find-links', str(folder / 'wheels')]
    assert options[4:] == ['--constraint', str(folder / 'constraints.txt')]


@pytest.mark.parametrize(
    ('system', 'version', 'said'),
    [
        ('linux-x86_64', '3.11', ''),
        ('linux-x86_64', '3.12', 'is Python 3.12, and the bundle is for Python 3.11; name'),
        ('win-amd64', '3.11', 'runs on win-amd64, and the bundle is for linux-x86_64; take one'),
    ],
)
def test_another_python_or_system_is_told_apart(folder, system, version, said):
    found = open_bundle(folder).mismatch(version, system)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_one_that_asks_for_nothing_suits_every_python(tmp_path):
    assert Bundle(tmp_path).mismatch('3.13', 'win-arm64') == ''
