"""Set up: an environment with ``landslide-map``, beside QGIS, if the user agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingException,
    QgsProcessingOutputFile,
)

from .. import settings
from ..command.installation import Installation, install
from ..command.landslide_map import CommandError, version_of
from .command_algorithm import CommandAlgorithm, require_writable
from .parameters import AnyFile, Folder, Switch, Text, Values

STOPPED = 'Stopped. Run it again to complete the environment.'


class SetUp(CommandAlgorithm):
    """Makes an environment, and names its command in the settings."""

    KEY = 'setup'
    TITLE = 'Set up'
    GROUP = '1 Set up'
    ABOUT = """\
<p>Installs the program landslide-map, which does the work beside QGIS, into an environment of
its own. QGIS and its Python stay as they are; to remove everything, delete the folder.</p>
<p>It takes about 1.5 GB of disk and some minutes, and downloads packages from the Python
package index, or takes them from an <b>offline bundle</b>: a folder that a colleague prepared,
for machines without a network.</p>
<p>Needed: Python 3.11 or newer (python.org; on Debian and Ubuntu python3 and python3-venv). Is
landslide-map installed already, name it in <i>Settings &gt; Options &gt; Processing &gt;
Providers &gt; Landslides</i> instead.</p>
<p>Run it again to renew the program.</p>"""
    PARAMETERS = (
        Switch(
            'CONSENT',
            'I agree: install landslide-map and the packages it needs',
            about='Nothing is done without this',
        ),
        Folder(
            'BUNDLE',
            'Offline bundle',
            optional=True,
            about='The unpacked folder. Empty: download from the package index',
        ),
        Switch('TEACH', 'Also what teaching needs (PyTorch, some GB more)'),
        Folder(
            'ENVIRONMENT',
            'Folder of the environment',
            optional=True,
            advanced=True,
            about='New or empty. If nothing is named: landslide-map in the profile of QGIS',
        ),
        AnyFile(
            'PYTHON',
            'Python 3.11 or newer',
            optional=True,
            advanced=True,
            about='The program itself. Empty: looked for',
        ),
        Text(
            'PACKAGE',
            'Package: a name of the index, or a wheel',
            optional=True,
            advanced=True,
            about='Empty: dfpenet_mm',
        ),
    )

    def initAlgorithm(self, configuration=None) -> None:
        super().initAlgorithm(configuration)
        self.addOutput(QgsProcessingOutputFile('COMMAND', 'landslide-map'))

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: ARG002
        """Read the wishes, and refuse where the user has not agreed."""
        values = Values(self, parameters, context)
        if not values.flag('CONSENT'):
            raise QgsProcessingException(
                'Nothing was installed: tick "I agree" to have landslide-map set up'
            )
        paths = {name: values.text(name).strip() for name in ('BUNDLE', 'ENVIRONMENT', 'PYTHON')}
        folder = Path(paths['ENVIRONMENT'] or settings.default_folder())
        require_writable(str(folder))
        self._wanted = Installation(
            folder=folder,
            bundle=Path(paths['BUNDLE']) if paths['BUNDLE'] else None,
            python=Path(paths['PYTHON']) if paths['PYTHON'] else None,
            package=values.text('PACKAGE').strip(),
            extras=('train',) if values.flag('TEACH') else (),
        )
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict[str, Any]:  # noqa: ARG002
        """Make the environment and name it in the settings."""
        try:
            command = install(
                self._wanted,
                tell=feedback.pushConsoleInfo,
                progress=lambda share: feedback.setProgress(100 * share),
                stop=feedback.isCanceled,
            )
            if command is None:
                feedback.pushInfo(STOPPED)
                return {}
            settings.remember(command)
            feedback.pushInfo(f'landslide-map {version_of(command)} is ready: {command}')
        except CommandError as error:
            raise QgsProcessingException(str(error)) from error
        return {'COMMAND': str(command)}
