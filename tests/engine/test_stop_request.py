import os
import signal
import subprocess
import sys
import threading

import pytest
from torch.utils.data import DataLoader

from dfpenet_mm.engine import stop_request
from dfpenet_mm.engine.stop_request import StopRequest


@pytest.fixture
def received():
    """Signals that reach who handled them before a run began."""
    numbers = []
    former = signal.signal(signal.SIGTERM, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, former)


def test_a_signal_is_kept_until_the_run_passes_it_on(received):
    request = StopRequest(may_end=lambda: False)
    with request.awaited():
        assert not request.agreed()
        signal.raise_signal(signal.SIGTERM)
        assert request.agreed()
        assert received == []
        request.pass_on()
        assert received == [signal.SIGTERM]


def test_a_signal_that_would_lose_nothing_is_passed_on_at_once(received):
    with StopRequest(may_end=lambda: True).awaited():
        signal.raise_signal(signal.SIGTERM)
        assert received == [signal.SIGTERM]


def test_a_signal_that_comes_again_after_a_while_is_passed_on(received, monkeypatch):
    """The iteration that the first one waits for may never end."""
    clock = [100.0]
    monkeypatch.setattr(stop_request.time, 'monotonic', lambda: clock[0])
    with StopRequest(may_end=lambda: False).awaited():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert received == []
        clock[0] += stop_request.PATIENCE_S + 1
        signal.raise_signal(signal.SIGTERM)
        assert received == [signal.SIGTERM]


def test_a_run_that_fails_leaves_the_handlers_as_they_were(received):
    with pytest.raises(RuntimeError), StopRequest(may_end=lambda: False).awaited():
        raise RuntimeError
    signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]


def test_what_is_ignored_stays_ignored():
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        request = StopRequest(may_end=lambda: True)
        with request.awaited():
            signal.raise_signal(signal.SIGHUP)
            assert not request.agreed()
    finally:
        signal.signal(signal.SIGHUP, former)


def test_a_run_in_another_thread_is_let_alone(received):
    def run():
        with StopRequest(may_end=lambda: False).awaited():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert received == [signal.SIGTERM]


def send_from_elsewhere(number):
    subprocess.run(
        [sys.executable, '-c', f'import os; os.kill({os.getpid()}, {int(number)})'], check=True
    )


class Messenger:
    """A data set whose second sample comes from a process that was told to end."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index == 1:
            send_from_elsewhere(signal.SIGTERM)
        return index


def test_workers_outlive_a_signal_to_the_whole_group():
    loader = DataLoader(Messenger(), num_workers=1, batch_size=None, multiprocessing_context='fork')
    with StopRequest(may_end=lambda: False).awaited(loader):
        assert list(loader) == [0, 1, 2]


def test_a_worker_ends_when_its_parent_says_so():
    loader = DataLoader(
        range(9), num_workers=1, batch_size=None, multiprocessing_context='fork', timeout=60
    )
    with StopRequest(may_end=lambda: False).awaited(loader):
        batches = iter(loader)
        assert next(batches) == 0
        (worker,) = batches._workers
        worker.terminate()
        worker.join(timeout=60)
        assert worker.exitcode == 0
