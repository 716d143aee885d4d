"""Open the points of an audit and their run's project with QGIS, and print what it sees."""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

package, path, picture = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
messages = []
QgsApplication.messageLog().messageReceived.connect(lambda text, *_: messages.append(text))
layer = QgsVectorLayer(f'{package}|layername=audit', 'audit', 'ogr')
fields = layer.fields()
names = fields.names()


def told(layer):
    form, table = layer.editFormConfig(), layer.attributeTableConfig()
    setups = {name: layer.editorWidgetSetup(layer.fields().indexOf(name)) for name in names}
    verdict = layer.fields().indexOf('verdict')
    point = next(layer.getFeatures())
    return {
        'valid': layer.isValid(),
        'renderer': layer.renderer().type(),
        'labels': layer.labelsEnabled(),
        'layout': int(form.layout()),
        'form': [child.name() for tab in form.tabs() for child in tab.children()],
        'read_only': [name for i, name in enumerate(names) if form.readOnly(i)],
        'choices': [next(iter(one.values())) for one in setups['verdict'].config()['map']],
        'hidden': [name for name, setup in setups.items() if setup.type() == 'Hidden'],
        'alias': layer.attributeAlias(verdict),
        'default': layer.defaultValueDefinition(names.index('reviewed_at')).expression(),
        'on_update': layer.defaultValueDefinition(names.index('reviewed_at')).applyOnUpdate(),
        'columns': [column.name for column in table.columns() if not column.hidden and column.name],
        'sorted_by': table.sortExpression(),
        'shown_as': layer.displayExpression(),
        'points': layer.featureCount(),
        'place': [point.geometry().asPoint().x(), point.geometry().asPoint().y()],
    }


project = QgsProject.instance()
read = project.read(path)
listed = project.mapLayersByName('audit')
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setOutputSize(QSize(400, 300))
settings.setBackgroundColor(QColor(70, 100, 60))
settings.setDestinationCrs(layer.crs())
settings.setExtent(layer.extent())
drawing = QgsMapRendererParallelJob(settings)
drawing.start()
drawing.waitForFinished()
drawing.renderedImage().save(picture)
tree = project.layerTreeRoot()
facts = {
    'file': told(layer),
    'project': [told(one) for one in listed],
    'read': read,
    'messages': messages,
    'groups': {group.name(): [node.name() for node in group.findLayers()]
               for group in tree.children()},
}  # fmt: skip
print(json.dumps(facts), flush=True)
# QGIS 3.22 may crash while it takes itself down; all that counts has been written.
os._exit(0)
