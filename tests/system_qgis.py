"""The system's QGIS, for tests that look at files as a user of it does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PYTHON = '/usr/bin/python3'


def require_qgis(home):
    """Skip the test where there is none, or fail it if DFPENET_REQUIRE_QGIS=1 asks for one."""
    code = 'import importlib.util as u; raise SystemExit(u.find_spec("qgis") is None)'
    if Path(PYTHON).exists() and run_system_python(['-c', code], home).returncode == 0:
        return
    _do_without(f'{PYTHON} has no QGIS; install the package python3-qgis (Debian, Ubuntu)')


def require_qgis_process():
    """Skip the test where there is none, or fail it likewise."""
    if qgis_process() is None:
        _do_without('there is no qgis_process; install the package qgis (Debian, Ubuntu)')


def _do_without(message):
    (pytest.fail if os.environ.get('DFPENET_REQUIRE_QGIS') == '1' else pytest.skip)(message)


def qgis_process():
    """Return the program that runs algorithms, past Debian's wrapper; None without one."""
    return shutil.which('qgis_process.bin') or shutil.which('qgis_process')


def run_system_python(arguments, home, text=None, **variables):
    """Run it without this environment's packages; QGIS keeps its own files in ``home``."""
    return run_of_system([PYTHON, '-I', *arguments], home, text, **variables)


def run_of_system(command, home, text=None, **variables):
    """Run a program of the system's with ``home`` as its user's and further variables."""
    environment = {
        # The Python inside QGIS takes its library from the first python3 that it finds.
        'PATH': os.pathsep.join(['/usr/bin', os.environ['PATH']]),
        'HOME': str(home),
        'XDG_RUNTIME_DIR': str(home),
        'QT_QPA_PLATFORM': 'offscreen',
        **variables,
    }
    return subprocess.run(
        list(map(str, command)),
        input=text,
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
