import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.mapping.executors.ray_cluster import (
    RAY_FOLDER,
    checked_address,
    import_ray,
    places,
    short_folder,
)

ROOT = Path(__file__).resolve().parents[3]


def test_without_ray_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(InstallError, match=r'pip install \.\[ray\]'):
        import_ray()


def test_the_mapping_engine_does_not_need_ray():
    code = (
        'import sys; sys.modules["ray"] = None\n'
        'from dfpenet_mm.mapping.executors import ray_executor, ray_worker\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT, capture_output=True)


def nodes(*resources):
    alive = [{'Alive': True, 'Resources': node} for node in resources]
    gone = {'Alive': False, 'Resources': {'CPU': 99.0, 'GPU': 99.0}}
    return SimpleNamespace(nodes=lambda: [*alive, gone])


@pytest.mark.parametrize(
    ('cpus', 'gpus', 'room'),
    [(1, 0, 11), (2, 0, 5), (4, 0, 2), (5, 0, 1), (16, 0, 0), (1, 1, 2), (1, 0.5, 4), (6, 0.5, 1)],
)
def test_actors_are_counted_node_by_node(cpus, gpus, room):
    # What is over on one node is of no use to another.
    ray = nodes({'CPU': 8.0, 'GPU': 2.0, 'memory': 1e9}, {'CPU': 3.0})
    assert places(ray, cpus=cpus, gpus=gpus) == room


def test_parts_of_a_gpu_are_counted_without_rounding_errors():
    assert places(nodes({'CPU': 99.0, 'GPU': 0.3}), cpus=1, gpus=0.1) == 3


@pytest.mark.parametrize(
    ('address', 'message'),
    [
        ('ray://head:10001', 'Ray Client'),
        ('head', 'give auto or HOST:PORT'),
        ('127.0.0.1:99999', 'no Ray cluster answers at .127.0.0.1:99999'),
        ('127.0.0.1:1', r'no Ray cluster answers .*refused'),
    ],
)
def test_an_address_at_which_no_cluster_is_is_refused(address, message):
    with pytest.raises(ConfigError, match=message):
        checked_address(address)


def test_an_address_at_which_something_answers_is_taken():
    with socket.create_server(('127.0.0.1', 0)) as server:
        address = f'127.0.0.1:{server.getsockname()[1]}'
        assert checked_address(address) == address
    assert checked_address('auto') == 'auto'


LONG = '/scratch/' + 'a_rather_long_folder_name/' * 3


@pytest.mark.parametrize(
    ('for_all', 'for_ray', 'chosen'),
    [
        (None, None, None),
        ('/var/tmp', None, None),
        (LONG, None, RAY_FOLDER),
        (LONG, '/dev/shm', None),
    ],
)
def test_sockets_lie_in_a_short_folder(monkeypatch, for_all, for_ray, chosen):
    for name, value in (('TMPDIR', for_all), ('RAY_TMPDIR', for_ray)):
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    assert short_folder() == chosen


def test_a_folder_for_ray_that_is_too_long_is_named(monkeypatch):
    monkeypatch.setenv('RAY_TMPDIR', LONG)
    with pytest.raises(ConfigError, match=r'RAY_TMPDIR is /scratch/.* set it to a short path'):
        short_folder()
