"""Review the map of the demo as an analyst does in QGIS, or draw the pictures of the tutorial.

    /usr/bin/python3 docs/images/taught_map.py review first
    /usr/bin/python3 docs/images/taught_map.py draw first taught docs/images

It runs in the Python of the system's QGIS, after the commands of docs/tutorials/taught_map.md that
make the folders.
"""

import os
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsAttributeForm, QgsGui
from qgis.PyQt.QtCore import QSize

# Columns and rows of the image, from and to: where everything was looked at.
AREAS = {
    'slopes with many landslides': (470, 630, 300, 450),
    'single landslides': (1190, 1330, 130, 260),
    'fields and a cloud': (235, 500, 720, 930),
    'a cloud over bare ground': (620, 760, 770, 830),
    'clear-cuts': (1165, 1365, 760, 930),
}
# In these nothing that was mapped is a landslide.
FALSE_ALARMS = ('fields and a cloud', 'a cloud over bare ground', 'clear-cuts')
SHOWN = 215, 520, 705, 945
# One with the ground around it, and a part of the scene with points of an audit.
SHOWN_TAUGHT = 440, 660, 270, 480
SHOWN_AUDIT = 560, 760, 330, 480
ANALYST = 'A. Analyst'


def open_project(folder):
    """Open the project of a run, and return its layers by name."""
    project = QgsProject.instance()
    project.read(str(Path(folder) / 'landslides.qgs'))
    return {layer.name(): layer for layer in project.mapLayers().values()}


def place(layers, corners):
    """Return columns and rows of the image as a rectangle of its CRS."""
    image = layers['after the event']
    whole, left, right, top, bottom = image.extent(), *corners
    wide, high = whole.width() / image.width(), whole.height() / image.height()
    return QgsRectangle(
        whole.xMinimum() + left * wide,
        whole.yMaximum() - bottom * high,
        whole.xMinimum() + right * wide,
        whole.yMaximum() - top * high,
    )


def review(folder):
    """Reject the false alarms in three of the areas, and draw all five."""
    layers = open_project(folder)
    landslides, area = layers['landslides'], layers['reviewed area']
    landslides.startEditing()
    field = landslides.fields().indexOf('review')
    for name in FALSE_ALARMS:
        inside = QgsGeometry.fromRect(place(layers, AREAS[name]))
        for feature in landslides.getFeatures(inside.boundingBox()):
            if feature.geometry().intersects(inside):
                landslides.changeAttributeValue(feature.id(), field, 'rejected')
    _save(landslides)
    area.startEditing()
    for corners in AREAS.values():
        drawn = QgsFeature(area.fields())
        shape = QgsGeometry.fromRect(place(layers, corners))
        shape.convertToMultiType()
        drawn.setGeometry(shape)
        drawn.setAttribute('reviewer', ANALYST)
        area.addFeature(drawn)
    _save(area)


def _save(layer):
    if not layer.commitChanges():
        sys.exit(f'{layer.name()}: {layer.commitErrors()}')


def draw_map(layers, names, corners, target, width=900):
    """Draw layers, the uppermost first, on a part of the image."""
    project = QgsProject.instance()
    to_map = QgsCoordinateTransform(layers['after the event'].crs(), project.crs(), project)
    extent = to_map.transformBoundingBox(place(layers, corners))
    settings = QgsMapSettings()
    settings.setLayers([layers[name] for name in names if name in layers])
    settings.setOutputSize(QSize(width, round(width * extent.height() / extent.width())))
    settings.setDestinationCrs(project.crs())
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(target), quality=75)


def draw_form(layer, feature, target):
    """Draw the form in which a verdict is given."""
    form = QgsAttributeForm(layer, feature)
    form.resize(560, 420)
    form.show()
    QgsApplication.processEvents()
    form.grab().save(str(target))


def draw(first, taught, target):
    """Draw a part before and after the lesson, the form, and the points of an audit."""
    target = Path(target)
    inventory = ['landslides', 'rejected regions', 'reviewed area']
    corners = SHOWN
    layers = open_project(first)
    # As it was mapped.
    original = QgsVectorLayer(str(Path(first) / 'original.gpkg') + '|layername=landslides', 'o')
    original.loadDefaultStyle()
    layers['original'] = original
    image = 'after the event'
    draw_map(layers, ['original', image], corners, target / 'taught_map_first.jpg')
    draw_map(layers, [*inventory, image], corners, target / 'taught_map_reviewed.jpg')
    landslides = layers['landslides']
    landslides.startEditing()
    draw_form(landslides, next(landslides.getFeatures()), target / 'taught_map_form.png')
    landslides.rollBack()
    layers = open_project(taught)
    shown = ['landslides', 'reviewed area', image]
    draw_map(layers, shown, SHOWN_TAUGHT, target / 'taught_map_taught.jpg', width=620)
    draw_map(layers, ['audit', image], SHOWN_AUDIT, target / 'taught_map_audit.jpg')


if __name__ == '__main__':
    application = QgsApplication([], True)
    application.initQgis()
    QgsGui.editorWidgetRegistry().initEditors()
    command, *arguments = sys.argv[1:]
    {'review': review, 'draw': draw}[command](*arguments)
    # QGIS 3.22 may crash while it takes itself down; all that counts has been written.
    os._exit(0)
