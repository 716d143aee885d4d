"""Layers of the project whose files a command replaces: closed while it runs, opened after."""

from __future__ import annotations

import os

from qgis.core import (
    QgsDataProvider,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsProcessingException,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .results import place


class HeldLayers(QObject):
    """The layers of a folder, let go of so that another program may replace their files.

    It is made and opens them in the thread of the windows, whoever asks for it.

    Args:
        folder: whose files are replaced.
        project: with the layers; None for none.

    Raises:
        QgsProcessingException: if a layer has edits that are not saved.
    """

    asked = pyqtSignal()

    def __init__(self, folder: str, project: QgsProject | None) -> None:
        super().__init__()
        everything = project.mapLayers().values() if project else ()
        layers = [layer for layer in everything if _lies_in(folder, layer)]
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.isEditable():
                if layer.isModified():
                    raise QgsProcessingException(
                        f'The layer "{layer.name()}" has edits that are not saved; save them, '
                        f'then run this again'
                    )
                layer.rollBack()
        self._held = [_Held(layer) for layer in layers]
        self.asked.connect(self._open)

    def open_again(self) -> None:
        """Open the layers in the thread of the windows."""
        self.asked.emit()

    def _open(self) -> None:
        while self._held:
            self._held.pop().open()


class _Held:
    """A layer without its file."""

    def __init__(self, layer: QgsMapLayer) -> None:
        self.layer, self.id = layer, layer.id()
        self.source, self.provider, self.name = layer.source(), layer.providerType(), layer.name()
        self.style = QgsMapLayerStyle()
        self.style.readFromLayer(layer)
        # QGIS keeps idle connections for a minute; this closes them.
        layer.dataProvider().reloadData()
        self._point_to('')

    def open(self) -> None:
        """Open it again as it was, if it is still in a project."""
        try:
            self._point_to(self.source)
            self.style.writeToLayer(self.layer)
            self.layer.triggerRepaint()
        except RuntimeError:
            # The user took the layer out of the project meanwhile.
            return

    def _point_to(self, source: str) -> None:
        options = QgsDataProvider.ProviderOptions()
        self.layer.setDataSource(source, self.name, self.provider, options)


def _lies_in(folder: str, layer: QgsMapLayer) -> bool:
    path = place(layer)[0]
    return bool(path) and os.path.dirname(os.path.realpath(path)) == os.path.realpath(folder)
