import socket

import pytest


def test_a_test_cannot_reach_the_network():
    with pytest.raises(RuntimeError, match=r'192\.0\.2\.1.*tests need no network'):
        socket.create_connection(('192.0.2.1', 80), timeout=0.01)


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost'])
def test_a_test_can_reach_its_own_machine(host):
    with (
        socket.create_server(('127.0.0.1', 0)) as server,
        socket.create_connection((host, server.getsockname()[1]), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
