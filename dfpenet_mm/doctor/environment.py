"""Environment variables and folders of the user that spoil runs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.installation import GDAL_TABLES, PROJ_TABLES, drop_foreign_settings
from dfpenet_mm.processor import cpu_facts, processor_name, usable_cores

Status = Literal['ok', 'warning', 'problem']


@dataclass(frozen=True)
class Finding:
    """One finding of a checkup.

    Args:
        name: what was looked at.
        found: what it is like.
        status: ``problem`` if mapping cannot work, ``warning`` if it can but not as it should.
        mend: one sentence on what to do; empty where nothing is wrong.
    """

    name: str
    found: str
    status: Status = 'ok'
    mend: str = ''


Checkup = Callable[[], Iterator[Finding]]


def problem(name: str, found: object, mend: str) -> Finding:
    """Report what keeps the main job from running."""
    return Finding(name, in_one_line(found), 'problem', mend)


def warning(name: str, found: object, mend: str) -> Finding:
    """Report what makes it slower or its result doubtful."""
    return Finding(name, in_one_line(found), 'warning', mend)


def in_one_line(found: object) -> str:
    """Write an error or a text as one line, and not a long one; a library's error with its type."""
    foreign = isinstance(found, BaseException) and not isinstance(found, DfpenetError)
    text = f'{type(found).__name__}: {found}' if foreign else str(found)
    line = ' '.join(text.split())
    return line if len(line) <= 300 else f'{line[:297]}...'


MEMORY_INFO = Path('/proc/meminfo')
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
    flags = set(cpu_facts().get('flags', '').split())
    able = [extension for extension in EXTENSIONS if extension in flags]
    yield Finding('processor', f'{processor_name()}, {usable_cores()} cores for this process')
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return ''


THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
# Where GDAL and PROJ look for their tables before they look beside themselves.
TABLES = (*GDAL_TABLES, *PROJ_TABLES)


def check_threads() -> Iterator[Finding]:
    """Look for limits that leave cores idle, or crowd them."""
    cores = usable_cores()
    for name in THREADS:
        value = os.environ.get(name)
        if value is None:
            yield Finding(name, 'not set: all cores are used')
        elif not (value.isdigit() and int(value)):
            yield warning(name, repr(value), f'unset it, or set it to a number such as {cores}')
        elif int(value) > cores:
            found = f'{value} threads get in the way of each other on {cores} cores'
            yield warning(name, found, f'unset it, or set it to {cores}')
        elif int(value) < cores:
            found = f'{value} of {cores} cores are used'
            yield warning(name, found, 'unset it, unless other work shall have the rest')
        else:
            yield Finding(name, value)


def check_tables() -> Iterator[Finding]:
    """Look for variables that point into another installation of GDAL or PROJ."""
    home = Path(sys.prefix).resolve()
    dropped = drop_foreign_settings()
    for name in TABLES:
        if name in dropped:
            yield Finding(name, f'{dropped[name]} of another program is not used')
            continue
        value = os.environ.get(name)
        places = [Path(place).resolve() for place in (value or '').split(os.pathsep) if place]
        missing = [place for place in places if not place.exists()]
        strange = [place for place in places if not place.is_relative_to(home)]
        mend = f'unset {name}: the installed packages bring their own'
        if missing:
            yield warning(name, f'{missing[0]} does not exist', mend)
        elif strange:
            yield warning(name, f'{strange[0]} belongs to another installation', mend)
        else:
            yield Finding(name, value or 'not set')


def check_cache() -> Iterator[Finding]:
    """Write into the folder where converted networks are kept."""
    # It loads numpy, without which the other checkups must do.
    from dfpenet_mm.mapping.network.file_cache import (  # noqa: PLC0415
        FOLDER_VARIABLE,
        cache_folder,
    )

    folder = cache_folder()
    if folder is None:
        yield Finding('cache', f'none wanted ({FOLDER_VARIABLE} is empty)')
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, suffix='.part'):
            pass
    except OSError as error:
        yield warning(
            'cache',
            f'{folder} cannot be written to ({error.strerror or error}): networks are converted '
            f'anew by every run',
            f'name a folder of yours with {FOLDER_VARIABLE}',
        )
    else:
        yield Finding('cache', str(folder))
