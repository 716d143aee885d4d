"""What holds for every test: no network, no clocks or database of hypothesis, little to collect."""

import gc
import ipaddress
import socket

import pytest
from hypothesis import settings
from matplotlib import rc_context
from mmengine.registry import DefaultScope

# Examples take as long as a busy machine lets them, and nothing is written beside the code.
settings.register_profile('project', deadline=None, database=None, print_blob=True)
settings.load_profile('project')


def pytest_collection_finish() -> None:
    """Keep the imported packages out of garbage collection.

    mmengine asks for one with every data set, and looking through torch and its likes each time
    takes most of such a test.
    """
    gc.collect()
    gc.freeze()


def is_local(address: object) -> bool:
    """Tell whether a socket address stays on this machine."""
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = address[0]
    if host in ('', 'localhost'):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: object) -> None:
        if not is_local(address):
            raise RuntimeError(f'a test tried to reach {address!r}; tests need no network')
        connect(self, address)

    monkeypatch.setattr(socket.socket, 'connect', connect_locally)


@pytest.fixture
def foreign_style():
    """Set what a user's matplotlibrc may: LaTeX for all text, here one that nobody has."""
    with rc_context({'text.usetex': True, 'text.latex.preamble': r'\nonsense'}):
        yield


@pytest.fixture
def mmseg_scope():
    """Let registries find mmseg's components, as a config's default_scope does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield
