"""Files that a command wrote, as outputs of an algorithm and as styled layers of the project."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
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
# From QGIS 3.32 on.
GROUPED_BY_QGIS = hasattr(QgsProcessingContext.LayerDetails(), 'groupName')
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
    there = {place(layer) for layer in project.mapLayers().values()}
    wanted = _Wanted(folder, group, [product.label for product in products])
    for product in products:
        name = product.name_in(folder)
        if not name or not product.opened or (str(folder / product.file), product.layer) in there:
            continue
        styler = _Styler(wanted, product)
        _kept.append(styler)
        details = QgsProcessingContext.LayerDetails(product.label, project)
        details.forceName = True
        details.setPostProcessor(styler)
        if GROUPED_BY_QGIS:
            details.groupName, details.layerSortKey = group, wanted.ranks.index(product.label)
        context.addLayerToLoadOnCompletion(name, details)


class _Wanted:
    """The layers of one run: their group, their order, and their styles."""

    def __init__(self, folder: Path, group: str, ranks: Sequence[str]) -> None:
        self.folder, self.group, self.ranks = folder, group, list(ranks)
        self._styles: dict[tuple[str, str], QgsMapLayerStyle] | None = None

    def style(self, layer: QgsMapLayer) -> None:
        """Give a layer the style of the run's project, or else that of its file."""
        if self._styles is None:
            self._styles = dict(self._styles_of_project())
        style = self._styles.get(place(layer))
        if style is not None:
            style.writeToLayer(layer)
        elif isinstance(layer, QgsVectorLayer):
            layer.loadDefaultStyle()

    def _styles_of_project(self) -> Iterator[tuple[tuple[str, str], QgsMapLayerStyle]]:
        path, project = self.folder / PROJECT, QgsProject()
        if path.is_file() and project.read(str(path)):
            for layer in project.mapLayers().values():
                style = QgsMapLayerStyle()
                style.readFromLayer(layer)
                yield place(layer), style


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Gives a layer its style and its place."""

    def __init__(self, wanted: _Wanted, product: Product) -> None:
        super().__init__()
        self._wanted, self._product = wanted, product

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: ARG002
        """Style the layer and move it where it belongs."""
        self._wanted.style(layer)
        root = context.project().layerTreeRoot()
        node = root.findLayer(layer.id())
        if node is None:
            return
        node.setItemVisibilityChecked(self._product.shown)
        node.setExpanded(False)
        if not GROUPED_BY_QGIS:
            group = root.findGroup(self._wanted.group) or root.insertGroup(0, self._wanted.group)
            self._move(node, group)

    def _move(self, node: QgsLayerTreeLayer, group: QgsLayerTreeGroup) -> None:
        """Put a layer into a group, below those of a higher rank."""
        ranks = {name: rank for rank, name in enumerate(self._wanted.ranks)}
        mine = ranks[self._product.label]
        names = [child.name() for child in group.children()]
        above = [row for row, name in enumerate(names) if ranks.get(name, -1) > mine]
        group.insertChildNode(max(above, default=-1) + 1, node.clone())
        node.parent().removeChildNode(node)


# QGIS holds no reference to them.
_kept: list[_Styler] = []


def place(layer: QgsMapLayer) -> tuple[str, str]:
    """Return the file of a layer, and its name in there."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get('path') or ''), str(parts.get('layerName') or '')
