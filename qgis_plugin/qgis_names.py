"""Names that moved between the QGIS versions this plug-in runs in, 3.22 to 4."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsProcessing,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)


def _member(group: str, name: str, owner: type, old_group: str, old_name: str):
    """Return a member of an enumeration of ``Qgis``, or of the class that had it before 3.36."""
    found = getattr(getattr(Qgis, group, None), name, None)
    return getattr(getattr(owner, old_group), old_name) if found is None else found


ADVANCED = _member(
    'ProcessingParameterFlag',
    'Advanced',
    QgsProcessingParameterDefinition,
    'Flag',
    'FlagAdvanced',
)
POLYGONS = _member(
    'ProcessingSourceType', 'VectorPolygon', QgsProcessing, 'SourceType', 'TypeVectorPolygon'
)
RASTER = _member('ProcessingSourceType', 'Raster', QgsProcessing, 'SourceType', 'TypeRaster')
FILE = _member(
    'ProcessingFileParameterBehavior', 'File', QgsProcessingParameterFile, 'Behavior', 'File'
)
FOLDER = _member(
    'ProcessingFileParameterBehavior', 'Folder', QgsProcessingParameterFile, 'Behavior', 'Folder'
)
WHOLE = _member(
    'ProcessingNumberParameterType', 'Integer', QgsProcessingParameterNumber, 'Type', 'Integer'
)
REAL = _member(
    'ProcessingNumberParameterType', 'Double', QgsProcessingParameterNumber, 'Type', 'Double'
)
DAY = _member(
    'ProcessingDateTimeParameterDataType', 'Date', QgsProcessingParameterDateTime, 'Type', 'Date'
)
