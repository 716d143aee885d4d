"""The processor of this machine: its name, and the cores and threads that a process may use."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

CPU_INFO = Path('/proc/cpuinfo')
# Sets the threads of PyTorch, and here of OpenVINO as well.
THREADS = 'OMP_NUM_THREADS'


def cpu_facts() -> dict[str, str]:
    """Return what Linux tells of the first core, by name; nothing elsewhere."""
    try:
        lines = [
            line.partition(':')
            for line in CPU_INFO.read_text(encoding='utf-8', errors='replace').splitlines()
        ]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in reversed(lines)}


def processor_name() -> str:
    """Return the maker's name of the processor."""
    # Linux alone does not tell the platform module.
    return cpu_facts().get('model name') or platform.processor() or platform.machine()


def usable_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count() -> int:
    """Return how many threads compute: ``OMP_NUM_THREADS``, or one for each core."""
    wanted = os.environ.get(THREADS, '')
    return int(wanted) if wanted.isdigit() and int(wanted) else usable_cores()


def set_thread_count(threads: int) -> None:
    """Let so many threads compute from now on, in PyTorch as well."""
    os.environ[THREADS] = str(threads)
    torch = sys.modules.get('torch')
    if torch is not None:
        torch.set_num_threads(threads)
