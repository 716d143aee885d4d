"""Files that a command wrote, as outputs of an algorithm and as styled layers of the project."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsProcessingContext,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputFile,
    QgsProcessingOutputHtml,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)

VECTOR, RASTER, PAGE, FILE = 'vector', 'raster', 'page', 'file'
OUTPUTS = {
    VECTOR: QgsProcessingOutputVectorLayer,
    RASTER: QgsProcessingOutputRasterLayer,
    PAGE: QgsProcessingOutputHtml,
    FILE: QgsProcessingOutputFile,
}
# A project that a run wrote: it has the style of every layer.
PROJECT = 'landslides.qgs'
LAYERS = "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'"


@dataclass(frozen=True)
class Product:
    """A file that a command writes, or a layer in one.

    Args:
        output: name of the output.
        label: what it is, also the name of the layer.
        file: name in the folder of the results.
        kind: vector, raster, page or file.
        layer: in a GeoPackage with several.
        opened: False for what is not put into the project.
        shown: False for a layer that is put there and not drawn.
    """

    output: str
    label: str
    file: str
    kind: str = VECTOR
    layer: str = ''
    opened: bool = True
    shown: bool = True

    def definition(self) -> QgsProcessingOutputDefinition:
        """Return the output as QGIS knows it."""
        return OUTPUTS[self.kind](self.output, self.label)

    def name_in(self, folder: Path) -> str:
        """Return the name by which QGIS opens it; empty where it was not written."""
        path = folder / self.file
        if not path.is_file() or (self.layer and self.layer not in _layers(path)):
            return ''
        return f'{path}|layername={self.layer}' if self.layer else str(path)


def _layers(path: Path) -> set[str]:
    with closing(sqlite3.connect(f'{path.resolve().as_uri()}?mode=ro', uri=True)) as database:
        return {name for (name,) in database.execute(LAYERS)}


def open_when_done(
    context: QgsProcessingContext, folder: Path, products: Sequence[Product], group: str
) -> None:
    """Ask QGIS to put layers into the project when the algorithm is done.

    Args:
        context: of the algorithm.
        folder: with the results.
        products: from the lowest layer to the highest.
        group: of layers, which takes them.
    """
    project = context.project()
    if project is None:
        return
    _Styler.kept = [_Styler(folder, product, rank, group) for rank, product in enumerate(products)]
    for styler in _Styler.kept:
        name = styler.product.name_in(folder)
        if not name or not styler.product.opened:
            continue
        details = QgsProcessingContext.LayerDetails(styler.product.label, project)
        details.forceName = True
        details.setPostProcessor(styler)
        if hasattr(details, 'groupName'):
            details.groupName, details.layerSortKey = group, styler.rank
        context.addLayerToLoadOnCompletion(name, details)


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Gives a layer its style and its place; QGIS keeps no reference to it."""

    kept: list[_Styler] = []

    def __init__(self, folder: Path, product: Product, rank: int, group: str) -> None:
        super().__init__()
        self.folder, self.product, self.rank, self.group = folder, product, rank, group

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: ARG002
        """Style the layer and move it where it belongs."""
        style_of_run(layer, self.folder)
        root = QgsProject.instance().layerTreeRoot() if context.project() is None else None
        root = root or context.project().layerTreeRoot()
        node = root.findLayer(layer.id())
        if node is None:
            return
        node.setItemVisibilityChecked(self.product.shown)
        node.setExpanded(False)
        if not self._grouped_by_qgis():
            group = root.findGroup(self.group) or root.insertGroup(0, self.group)
            self._move(node, group)

    def _grouped_by_qgis(self) -> bool:
        return hasattr(QgsProcessingContext.LayerDetails(), 'groupName')

    def _move(self, node, group: QgsLayerTreeGroup) -> None:
        """Put a layer into a group, above those of a lower rank."""
        ranks = {
            styler.product.label: styler.rank for styler in self.kept if styler.group == self.group
        }
        above = [
            place
            for place, other in enumerate(group.children())
            if ranks.get(other.name(), -1) > self.rank
        ]
        group.insertChildNode(max(above, default=-1) + 1, node.clone())
        node.parent().removeChildNode(node)


def style_of_run(layer: QgsMapLayer, folder: Path) -> None:
    """Give a layer the style that it has in the project of its run, or else that of its file."""
    for styled in _styled_layers(folder):
        if _place(styled) == _place(layer):
            style = QgsMapLayerStyle()
            style.readFromLayer(styled)
            style.writeToLayer(layer)
            return
    if isinstance(layer, QgsVectorLayer):
        layer.loadDefaultStyle()


def _styled_layers(folder: Path) -> Iterator[QgsMapLayer]:
    path = folder / PROJECT
    if path.is_file():
        project = QgsProject()
        if project.read(str(path)):
            yield from project.mapLayers().values()


def _place(layer: QgsMapLayer) -> tuple[str, str]:
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(Path(parts.get('path') or '').name), str(parts.get('layerName') or '')
