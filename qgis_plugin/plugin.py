"""The plug-in as QGIS loads it: it adds the provider, and takes it away again."""

from __future__ import annotations

from qgis.core import QgsApplication

from .provider import LandslidesProvider


class LandslidesPlugin:
    """Brings the algorithms of ``landslide-map`` into the Processing toolbox."""

    def __init__(self) -> None:
        self._provider: LandslidesProvider | None = None

    def initProcessing(self) -> None:
        """Add the provider; ``qgis_process`` calls this alone."""
        self._provider = LandslidesProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Add the provider in a QGIS with windows."""
        self.initProcessing()

    def unload(self) -> None:
        """Take the provider away."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
