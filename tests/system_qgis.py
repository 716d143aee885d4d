"""The system's QGIS, for tests that look at files as a user of it does."""

import os
import subprocess
from pathlib import Path

import pytest

PYTHON = '/usr/bin/python3'


def require_qgis(home):
    """Skip the test where there is none, or fail it if DFPENET_REQUIRE_QGIS=1 asks for one."""
    code = 'import importlib.util as u; raise SystemExit(u.find_spec("qgis") is None)'
    if Path(PYTHON).exists() and run_system_python(['-c', code], home).returncode == 0:
        return
    message = f'{PYTHON} has no QGIS; install the package python3-qgis (Debian, Ubuntu)'
    (pytest.fail if os.environ.get('DFPENET_REQUIRE_QGIS') == '1' else pytest.skip)(message)


def run_system_python(arguments, home, text=None):
    """Run it without this environment's packages; QGIS keeps its own files in ``home``."""
    environment = {
        'PATH': os.environ['PATH'],
        'HOME': str(home),
        'XDG_RUNTIME_DIR': str(home),
        'QT_QPA_PLATFORM': 'offscreen',
    }
    return subprocess.run(
        [PYTHON, '-I', *map(str, arguments)],
        input=text,
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
