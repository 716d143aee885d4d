"""Processor, memory and disk."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from dfpenet_mm.cli.doctor.finding import Finding, warning

CPU_INFO, MEMORY_INFO = Path('/proc/cpuinfo'), Path('/proc/meminfo')
# What a container may use, in either version of control groups.
MEMORY_LIMITS = (
    Path('/sys/fs/cgroup/memory.max'),
    Path('/sys/fs/cgroup/memory/memory.limit_in_bytes'),
)
# What makes networks fast: bfloat16 and 8-bit products.
EXTENSIONS = ('avx2', 'avx512f', 'avx512_bf16', 'avx512_vnni', 'avx_vnni', 'amx_bf16', 'amx_int8')
# A run with the shipped network takes 1.2 GiB, and its products some hundred megabytes.
LEAST_MEMORY, LEAST_DISK = 2 * 2**30, 2 * 2**30
GIB = 2**30


def check_processor() -> Iterator[Finding]:
    """Name the processor, the cores that may be used and what it can multiply."""
    info = _read(CPU_INFO)
    lines = [line.partition(':') for line in info.splitlines()]
    values = {name.strip(): value.strip() for name, _, value in lines}
    name = values.get('model name') or platform.processor() or platform.machine()
    flags = set(values.get('flags', '').split())
    able = [extension for extension in EXTENSIONS if extension in flags]
    yield Finding('processor', f'{name}, {usable_cores()} cores for this process')
    yield Finding('extensions', ' '.join(able) or 'none known of those that speed networks up')


def check_memory() -> Iterator[Finding]:
    """Look at the free memory, a container's limit included."""
    values = dict(line.split()[:2] for line in _read(MEMORY_INFO).splitlines() if line)
    free = int(values.get('MemAvailable:', 0)) * 1024
    if not free:
        yield Finding('memory', 'this system does not tell how much is free')
        return
    limits = [int(text) for path in MEMORY_LIMITS if (text := _read(path).strip()).isdigit()]
    free = min([free, *limits])
    found = f'{free / GIB:.1f} GiB free'
    if free < LEAST_MEMORY:
        mend = 'close other programs, or map with --cfg-options mapping.batch_size=1'
        yield warning('memory', found, mend)
    else:
        yield Finding('memory', found)


def check_disk() -> Iterator[Finding]:
    """Look at the free disk of this folder, where products go unless told otherwise."""
    folder = Path.cwd()
    free = shutil.disk_usage(folder).free
    found = f'{free / GIB:.1f} GiB free in {folder}'
    if not os.access(folder, os.W_OK):
        yield warning('disk', f'{folder} may not be written to', 'name another folder with --out')
    elif free < LEAST_DISK:
        yield warning('disk', found, 'free some space, or name another disk with --out')
    else:
        yield Finding('disk', found)


def usable_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ''
