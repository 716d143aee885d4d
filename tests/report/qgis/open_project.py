"""Open a project with QGIS, draw what is switched on, and print what QGIS made of it."""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateTransform,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
)
from qgis.PyQt.QtCore import QSize

path, picture, *size = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
messages = []
QgsApplication.messageLog().messageReceived.connect(lambda text, *_: messages.append(text))
project = QgsProject.instance()
read = project.read(path)
tree = project.layerTreeRoot()
settings = QgsMapSettings()
settings.setLayers([node.layer() for node in tree.findLayers() if node.isVisible()])
settings.setOutputSize(QSize(*map(int, size)))
settings.setDestinationCrs(project.crs())
image = project.mapLayersByName('after the event')[0]
to_map = QgsCoordinateTransform(image.crs(), project.crs(), project)
settings.setExtent(to_map.transformBoundingBox(image.extent()))
drawing = QgsMapRendererParallelJob(settings)
drawing.start()
drawing.waitForFinished()
drawing.renderedImage().save(picture)
landslides = project.mapLayersByName('landslides')[0]
context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(landslides))
area = QgsExpression('$area')
area.prepare(context)
measured = []
for feature in landslides.getFeatures():
    context.setFeature(feature)
    measured.append([feature['area_m2'], area.evaluate(context)])
facts = {
    'areas': measured,
    'read': read,
    'error': project.error(),
    'messages': messages,
    'crs': project.crs().authid(),
    'groups': {
        group.name(): [node.name() for node in group.findLayers()] for group in tree.children()
    },
    'layers': {
        layer.name(): {
            'valid': layer.isValid(),
            'crs': layer.crs().authid(),
            'renderer': layer.renderer().type(),
        }
        for layer in project.mapLayers().values()
    },
}
print(json.dumps(facts), flush=True)
# QGIS 3.22 may crash while it takes itself down; all that counts has been written.
os._exit(0)
