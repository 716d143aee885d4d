"""Draw layers of GeoPackages with QGIS, without a display; runs in the system's Python.

Reads jobs as JSON from standard input and prints, for each, what QGIS made of the layer.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

METRES_PER_INCH = 0.0254


def render(job):
    layer = QgsVectorLayer(f'{job["path"]}|layername={job["layer"]}', job['layer'], 'ogr')
    _, loaded = layer.loadDefaultStyle()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputDpi(job['dpi'])
    settings.setOutputSize(QSize(*job['size']))
    settings.setDestinationCrs(layer.crs())
    settings.setBackgroundColor(QColor(*job['background']))
    metres = METRES_PER_INCH / job['dpi'] * job['scale']
    (x, y), (half_width, half_height) = job['center'], (side * metres / 2 for side in job['size'])
    settings.setExtent(
        QgsRectangle(x - half_width, y - half_height, x + half_width, y + half_height)
    )
    # As the map canvas does, so that expressions know the scale.
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    drawing = QgsMapRendererParallelJob(settings)
    drawing.start()
    drawing.waitForFinished()
    drawing.renderedImage().save(job['out'])
    labels = drawing.takeLabelingResults()
    texts = [] if labels is None else labels.labelsWithinRect(settings.extent())
    return {
        'default_style_loaded': loaded,
        'renderer': layer.renderer().type(),
        'labels_enabled': layer.labelsEnabled(),
        'labels': sorted(text.labelText for text in texts),
        'errors': [error.message for error in drawing.errors()],
    }


application = QgsApplication([], False)
application.initQgis()
print(json.dumps([render(job) for job in json.load(sys.stdin)]), flush=True)
# QGIS 3.22 may crash while it takes itself down; all that counts has been written.
os._exit(0)
