import os

import pytest
import torch
from mmengine.config import Config
from torch import nn

from dfpenet_mm.mapping.network import file_cache
from dfpenet_mm.mapping.network.file_cache import (
    MOST_FILES,
    cache_folder,
    network_key,
    read_cached,
    weights_digest,
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


def network(seed=0, **config):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    model.cfg = Config({'model': {'type': 'EncoderDecoder', **config}})
    return model


def test_equal_networks_have_one_name():
    assert network_key(network(), {'shape': (1, 2)}) == network_key(network(), {'shape': (1, 2)})
    assert len(network_key(network(), {})) == 64


@pytest.mark.parametrize(
    ('other', 'settings'),
    [(network(seed=1), {}), (network(join=True), {}), (network(), {'precision': 'bf16'})],
)
def test_weights_config_and_settings_each_change_it(other, settings):
    assert network_key(other, settings) != network_key(network(), {})


def test_the_source_of_a_networks_classes_changes_it(tmp_path, monkeypatch):
    source = tmp_path / 'layer_of_a_user.py'
    names = []
    for version in ('a', 'b'):
        source.write_text(f'# version {version}\n')
        monkeypatch.setattr('inspect.getsourcefile', lambda _: str(source))
        names.append(network_key(network(), {}))
    assert names[0] != names[1]


def test_a_network_without_config_has_no_name():
    model = network()
    del model.cfg
    assert network_key(model, {}) is None


def test_the_digest_is_of_what_predicts():
    model = network()
    before = weights_digest(model)
    model[1].num_batches_tracked += 5
    assert weights_digest(model) == before
    model[1].running_mean += 1e-6
    assert weights_digest(model) != before
    renamed = nn.Sequential(nn.Identity(), *network())
    assert weights_digest(renamed) != before
