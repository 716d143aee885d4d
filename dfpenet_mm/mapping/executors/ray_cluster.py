"""Reach a Ray cluster, or start one on this machine."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from dfpenet_mm.errors import ConfigError, InstallError

# Ray says nothing to its makers, does not warn of settings that it may change one day, and tries
# an address for two minutes, not for a quarter of an hour.
ENVIRONMENT = {
    'RAY_USAGE_STATS_ENABLED': '0',
    'RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO': '0',
    'RAY_NUM_REDIS_GET_RETRIES': '2',
}
# Ray refuses a smaller object store.
SMALLEST_STORE = 80 * 2**20
# Whoever reaches a cluster's ports may run code there. Ray replaces 127.0.0.1 by the address under
# which others know this machine, but not the other loopback addresses, which only Linux has.
LOOPBACK = '127.0.0.2' if sys.platform == 'linux' else None
# Where Ray works unless told otherwise, what it adds to the folder for its longest socket, and
# how long the path of a socket may be; macOS has four letters less.
RAY_FOLDER = '/tmp/ray'
SOCKET = '/ray/session_2026-01-31_23-59-59_123456_4194304/sockets/plasma_store'
LONGEST_SOCKET = 103
# Seconds to reach an address.
PATIENCE = 10.0


def import_ray() -> ModuleType:
    """Import Ray, which is an extra of this package.

    Raises:
        InstallError: if it is not installed.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module('ray')
    except ImportError as error:
        raise InstallError(
            f'the launcher ray needs the package ray ({error}); install it with '
            f'pip install .[ray], on every node of the cluster'
        ) from error


@contextlib.contextmanager
def cluster(
    *, address: str | None, cpus: int | None, gpus: int | None, store_bytes: int
) -> Iterator[ModuleType]:
    """Be connected to a cluster.

    A connection that this process already has is used, and left as it is.

    Args:
        address: of a cluster, ``auto`` for the one that this machine belongs to; None starts one
            on this machine, out of reach of others, and shuts it down at the end.
        cpus: cores of a cluster started here; None for all that this machine has.
        gpus: GPUs of a cluster started here; None likewise.
        store_bytes: memory for results in a cluster started here.

    Yields:
        The module ``ray``.

    Raises:
        InstallError: if Ray is missing, or not the cluster's version.
        ConfigError: if there is no cluster at the address, or none can be started.
    """
    ray = import_ray()
    if ray.is_initialized():
        with _silence():
            yield ray
        return
    settings: dict[str, Any] = {'log_to_driver': False, 'logging_level': logging.ERROR}
    if address is None:
        settings |= {
            'address': 'local',
            'num_cpus': cpus,
            'num_gpus': gpus,
            'object_store_memory': max(store_bytes, SMALLEST_STORE),
            'include_dashboard': False,
            '_node_ip_address': LOOPBACK,
            '_temp_dir': short_folder(),
        }
    else:
        settings['address'] = checked_address(address)
    with _silence():
        try:
            with _own_signals():
                _connect(ray, settings)
            yield ray
        finally:
            ray.shutdown()


def short_folder() -> str | None:
    """Choose where a cluster of this machine works, as its sockets need a short path.

    Returns:
        ``RAY_FOLDER`` if ``TMPDIR`` is long, as schedulers set it; None for Ray's own choice.

    Raises:
        ConfigError: if ``RAY_TMPDIR``, which is meant for Ray, is long.
    """
    asked = os.environ.get('RAY_TMPDIR')
    folder = asked or os.environ.get('TMPDIR') or ''
    if len(os.fsencode(folder + SOCKET)) <= LONGEST_SOCKET:
        return None
    if asked:
        raise ConfigError(
            f'RAY_TMPDIR is {asked}, too long for the sockets of Ray; set it to a short path, '
            f'such as /tmp'
        )
    return RAY_FOLDER


def checked_address(address: str) -> str:
    """Return an address at which something answers.

    Args:
        address: ``auto``, or ``HOST:PORT``.

    Raises:
        ConfigError: if nothing does, or it is one of Ray Client, which would carry every result
            through a proxy.
    """
    if '://' in address:
        raise ConfigError(
            f'address {address!r} is one of Ray Client; start the run on a node of the cluster, '
            f'with auto or HOST:6379'
        )
    if address != 'auto':
        _check_reachable(address)
    return address


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(':')
    if not host or not port.isdecimal():
        raise ConfigError(f'address is {address!r}; give auto or HOST:PORT, such as head:6379')
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f'no Ray cluster answers at {address!r} ({error}); see ray status there'
        ) from error


def _connect(ray: ModuleType, settings: dict) -> None:
    place = settings['address']
    advice = (
        'see ray status for the address of a running cluster'
        if place != 'local'
        else f'set RAY_TMPDIR to a short path where you may write, and see the logs in {RAY_FOLDER}'
    )
    try:
        ray.init(**settings)
    except (RuntimeError, OSError, ValueError) as error:
        if 'ersion mismatch' in str(error):
            reason = ' '.join(str(error).split())
            raise InstallError(f'{reason}; install the same ray on every node') from error
        said = said_by_ray(error)
        raise ConfigError(f'no Ray cluster at {place!r} ({said}); {advice}') from error


def said_by_ray(error: Exception) -> str:
    """Return the line in which Ray names a cause.

    It explains in many lines; where an actor's constructor failed, the last one has the error.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return (lines[-1] if getattr(error, 'actor_init_failed', False) else lines[0]).strip(' .')


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which ``ray.init`` replaces by one that exits at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep Ray's remarks on lost actors off stdout, which belongs to the result.

    ``log_to_driver`` does not reach them, and no public setting does.
    """
    worker: Any = importlib.import_module('ray._private.worker')
    former = getattr(worker, '_worker_logs_enabled', None)
    worker._worker_logs_enabled = False
    try:
        yield
    finally:
        worker._worker_logs_enabled = former


def places(ray: ModuleType, *, cpus: int, gpus: float) -> int:
    """Count the actors for which the nodes have room.

    Args:
        ray: the module, connected.
        cpus: cores of an actor.
        gpus: GPUs of an actor, parts of one too.
    """
    nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
    return sum(_room(node, cpus, gpus) for node in nodes)


def _room(node: dict[str, float], cpus: int, gpus: float) -> int:
    # Ray counts in ten thousandths; so are parts of a GPU compared.
    room = [node.get('CPU', 0) / cpus]
    if gpus:
        room.append(node.get('GPU', 0) / gpus)
    return int(min(room) + 1e-4)
