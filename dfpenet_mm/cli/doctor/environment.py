"""Environment variables and folders of the user that spoil runs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dfpenet_mm.cli.doctor.finding import Finding, warning
from dfpenet_mm.cli.doctor.machine import usable_cores
from dfpenet_mm.cli.quiet import GDAL_TABLES, PROJ_TABLES, drop_foreign_settings
from dfpenet_mm.mapping.network.file_cache import FOLDER_VARIABLE, cache_folder

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
