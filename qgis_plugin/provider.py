"""The provider "Landslides" of the Processing toolbox, and its place among the options."""

from __future__ import annotations

from pathlib import Path

from processing.core.ProcessingConfig import ProcessingConfig, Setting
from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithms import ALGORITHMS
from .settings import COMMAND

ICON = Path(__file__).with_name('icon.svg')
NAME = 'Landslides'


class LandslidesProvider(QgsProcessingProvider):
    """Offers an algorithm for every step from two images to an audited map."""

    def id(self) -> str:
        """Return the first half of the algorithms' names."""
        return 'landslides'

    def name(self) -> str:
        """Return the heading in the toolbox."""
        return NAME

    def icon(self) -> QIcon:
        """Return the picture beside it."""
        return QIcon(str(ICON))

    def load(self) -> bool:
        """Add the setting and the algorithms."""
        ProcessingConfig.settingIcons[NAME] = self.icon()
        label = 'Where landslide-map is (empty: found by itself)'
        ProcessingConfig.addSetting(Setting(NAME, COMMAND, label, '', valuetype=Setting.FILE))
        ProcessingConfig.readSettings()
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        """Take the setting away."""
        ProcessingConfig.removeSetting(COMMAND)

    def loadAlgorithms(self) -> None:
        """Add all algorithms."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
