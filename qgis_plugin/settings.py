"""The one setting: where ``landslide-map`` is; and where "Set up" puts it."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsApplication, QgsSettings

from .command.landslide_map import find_command

COMMAND = 'LANDSLIDES_COMMAND'
# Under this name Processing keeps what its options show.
KEY = f'Processing/Configuration/{COMMAND}'
# Wins over the setting, for scripts.
VARIABLE = 'LANDSLIDES_COMMAND'


def default_folder() -> Path:
    """Return the folder of the environment that "Set up" makes unless another one is named."""
    return Path(QgsApplication.qgisSettingsDirPath()) / 'landslide-map'


def command() -> Path:
    """Find the command: as named, as set up, or on the path.

    Raises:
        CommandError: if there is none.
    """
    named = os.environ.get(VARIABLE) or QgsSettings().value(KEY, '') or ''
    return find_command(str(named), [default_folder()])


def remember(path: Path) -> None:
    """Name the command in the settings."""
    QgsSettings().setValue(KEY, str(path))
