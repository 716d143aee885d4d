"""The plug-in as a user installs it, from its archive into a profile of QGIS."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.system_qgis import qgis_process, require_qgis, run_of_system, run_system_python

ROOT = Path(__file__).resolve().parents[2]
SESSION = Path(__file__).with_name('session.py')
PROFILE = Path('.local', 'share', 'QGIS', 'QGIS3', 'profiles', 'default')


class Profile:
    """A user's home with the plug-in in the profile of QGIS."""

    def __init__(self, home):
        self.home = home
        self.plugins = home / PROFILE / 'python' / 'plugins'

    def session(self, code, command='', **values):
        """Run code in a QGIS without windows; returns what it hands to ``answer``."""
        done = run_system_python(
            [SESSION, self.plugins, code],
            self.home,
            json.dumps({name: str(value) for name, value in values.items()}),
            LANDSLIDES_COMMAND=str(command),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def process(self, *arguments, **variables):
        """Run ``qgis_process``."""
        return run_of_system([qgis_process(), *arguments], self.home, **variables)

    def run(self, algorithm, *, command, variables=None, **parameters):
        """Run an algorithm by ``qgis_process``; returns exit code, and all that it says."""
        given = [f'{name}={value}' for name, value in parameters.items()]
        done = self.process(
            'run',
            f'landslides:{algorithm}',
            '--',
            *given,
            LANDSLIDES_COMMAND=str(command),
            **(variables or {}),
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope='session')
def profile(tmp_path_factory):
    home = tmp_path_factory.mktemp('ein Zuhause é')
    home.chmod(0o700)
    require_qgis(home)
    made = Profile(home)
    archive = home / 'landslides.zip'
    subprocess.run([sys.executable, ROOT / 'tools' / 'zip_plugin.py', archive], check=True)
    zipfile.ZipFile(archive).extractall(made.plugins)
    return made
