"""CUDA is replaced by a recorder, as the tests run without a GPU."""

import contextlib

import pytest
import torch

from dfpenet_mm.mapping.network.predictor_torch import MOST_RECORDINGS, WARM_UP_RUNS, GraphReplay


class Stream:
    def __init__(self, device=None):
        pass

    def wait_stream(self, other):
        pass


class Network:
    """Doubles, and lets a graph repeat its last call into the same tensors."""

    def __init__(self):
        self.calls = 0
        self.last = None

    def __call__(self, inputs):
        self.calls += 1
        result = inputs * 2
        self.last = (inputs, result)
        return result


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def fake_cuda(monkeypatch, network):
    class Graph:
        def replay(self):
            source, result = self.tensors
            result.copy_(source * 2)

    @contextlib.contextmanager
    def record(graph):
        yield
        graph.tensors = network.last

    monkeypatch.setattr(torch.cuda, 'Stream', Stream)
    monkeypatch.setattr(torch.cuda, 'current_stream', Stream)
    monkeypatch.setattr(torch.cuda, 'stream', lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, 'CUDAGraph', Graph)
    monkeypatch.setattr(torch.cuda, 'graph', record)


@pytest.mark.usefixtures('fake_cuda')
def test_a_shape_is_recorded_once_and_replayed_with_new_values(network):
    run = GraphReplay(network)
    for value in (1.0, 5.0, -2.0):
        inputs = torch.full((2, 3), value)
        torch.testing.assert_close(run(inputs), inputs * 2)
        assert bool((inputs == value).all())
    assert network.calls == WARM_UP_RUNS + 1


@pytest.mark.usefixtures('fake_cuda')
def test_shapes_beyond_the_first_run_unrecorded(network):
    run = GraphReplay(network)
    for rows in range(1, MOST_RECORDINGS + 2):
        torch.testing.assert_close(run(torch.ones(rows, 3)), torch.full((rows, 3), 2.0))
    assert network.calls == MOST_RECORDINGS * (WARM_UP_RUNS + 1) + 1


def test_where_recording_fails_kernels_are_launched_one_by_one(monkeypatch, network):
    def refuse(*_):
        raise RuntimeError('operation not permitted when stream is capturing\nmore')

    monkeypatch.setattr(torch.cuda, 'Stream', refuse)
    run = GraphReplay(network)
    with pytest.warns(UserWarning, match=r'not permitted when stream is capturing\); its kernels'):
        torch.testing.assert_close(run(torch.ones(1, 3)), torch.full((1, 3), 2.0))
    torch.testing.assert_close(run(torch.ones(2, 3)), torch.full((2, 3), 2.0))
    assert network.calls == 2
