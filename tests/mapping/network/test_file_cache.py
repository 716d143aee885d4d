import os

import pytest

from dfpenet_mm.mapping.network import file_cache
from dfpenet_mm.mapping.network.file_cache import (
    MOST_FILES,
    cache_folder,
    read_cached,
    settings_key,
    write_cached,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def test_what_is_written_is_read(folder):
    assert read_cached('a') is None
    write_cached('a', b'one')
    write_cached('b', b'')
    assert (read_cached('a'), read_cached('b')) == (b'one', b'')
    write_cached('a', b'two')
    assert read_cached('a') == b'two'
    assert sorted(path.suffix for path in folder.iterdir()) == ['.cache', '.cache']


@pytest.mark.parametrize('damage', [lambda b: b[:-1], lambda b: b[:40], lambda _: b'', bytes.upper])
def test_damaged_files_are_not_believed(folder, damage):
    write_cached('a', b'content of some length')
    path = folder / 'a.cache'
    path.write_bytes(damage(path.read_bytes()))
    assert read_cached('a') is None
    write_cached('a', b'anew')
    assert read_cached('a') == b'anew'


def test_files_that_served_long_ago_go_first(folder):
    for index in range(MOST_FILES):
        write_cached(f'n{index}', b'x')
        os.utime(folder / f'n{index}.cache', (index, index))
    read_cached('n0')
    write_cached('newest', b'x')
    assert read_cached('n1') is None
    assert read_cached('n0') == read_cached('newest') == b'x'
    assert len(list(folder.iterdir())) == MOST_FILES


def test_an_empty_variable_means_no_cache(monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', '')
    assert cache_folder() is None
    write_cached('a', b'x')
    assert read_cached('a') is None


def test_by_default_it_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv('DFPENET_MM_CACHE', raising=False)
    monkeypatch.setattr(file_cache, 'user_cache_path', lambda name, **_: tmp_path / name)
    assert cache_folder() == tmp_path / 'dfpenet_mm'


def test_a_disk_that_refuses_is_passed_over(folder, monkeypatch):
    folder.parent.joinpath('cache').write_text('a file where the folder would be')
    write_cached('a', b'x')
    assert read_cached('a') is None
    folder.unlink()

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.replace', full)
    write_cached('a', b'x')
    assert list(folder.iterdir()) == []


def test_a_name_depends_on_network_settings_and_what_rewrites_networks(monkeypatch):
    name = settings_key({'weights': 'a'}, {'shape': (1, 2)})
    assert len(name) == 64
    assert settings_key({'weights': 'a'}, {'shape': (1, 2)}) == name
    others = [
        settings_key({'weights': 'b'}, {'shape': (1, 2)}),
        settings_key({'weights': 'a'}, {'shape': (1, 3)}),
    ]
    monkeypatch.setattr(file_cache, 'sources_digest', lambda _: 'other code')
    others.append(settings_key({'weights': 'a'}, {'shape': (1, 2)}))
    assert name not in others
    assert len(set(others)) == 3
