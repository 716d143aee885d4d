"""Signals that ask a training run to end, kept until it can end without losing anything."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from torch.utils.data import DataLoader

# What a scheduler, a shutdown or a closed terminal sends.
STOPPING = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, 'SIGHUP') else []))
# Seconds after which a signal that comes again is meant anew: the run may hang.
PATIENCE_S = 10.0


class StopRequest:
    """A signal that asks a run to end, kept until the run says that it can.

    Args:
        may_end: tells, at any moment, whether ending at once would lose nothing.
    """

    def __init__(self, may_end: Callable[[], bool]) -> None:
        self._may_end = may_end
        self._number = 0
        self._since = math.inf
        self._former: dict[int, Any] = {}

    @contextmanager
    def awaited(self, *loaders: DataLoader) -> Iterator[None]:
        """Keep the signals that come in the block.

        Args:
            *loaders: what the block loads by. A signal to the whole group of processes leaves
                their workers alive, without which the run could not reach a place to end.
        """
        for loader in loaders:
            loader.worker_init_fn = partial(_outlive_signals, loader.worker_init_fn)
        # Only the main thread may set handlers. What is ignored, as under nohup, stays so.
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._former[number] = signal.signal(number, self._note)
        try:
            yield
        finally:
            self._release()

    def agreed(self) -> bool:
        """Tell whether any process of the run was asked to end; all of them ask together."""
        if get_world_size() > 1:
            asked = torch.tensor([self._number])
            all_reduce(asked, 'max')
            self._number = int(asked)
        return self._number > 0

    def pass_on(self) -> None:
        """Let the signal do what it does without this class."""
        self._release()
        signal.raise_signal(self._number)

    def _note(self, number: int, _frame: object) -> None:
        self._number = number
        self._since = min(self._since, time.monotonic())
        again = time.monotonic() - self._since > PATIENCE_S
        # The others of a distributed run would wait for this process.
        if again or (get_world_size() == 1 and self._may_end()):
            self.pass_on()

    def _release(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former = {}


def _outlive_signals(prepare: Callable[[int], None] | None, worker: int) -> None:
    """Let a data loader's worker end by its parent's signal alone, then prepare it."""
    # macOS cannot tell who sent a signal.
    if hasattr(signal, 'sigwaitinfo'):
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare(worker)


def _end_with_parent() -> None:
    while signal.sigwaitinfo(STOPPING).si_pid != os.getppid():
        pass
    os._exit(0)
