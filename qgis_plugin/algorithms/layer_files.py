"""The files behind layers of a project, by names that another program can open."""

from __future__ import annotations

import os

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingUtils,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

# Formats in which a file has one layer, so that its path says all.
SINGLE = ('.shp', '.geojson', '.json', '.fgb', '.gml', '.gmt', '.tab', '.csv')


def raster_file(layer: QgsRasterLayer) -> str:
    """Return the name by which GDAL opens a raster layer.

    Raises:
        QgsProcessingException: if it comes from a server or is in memory.
    """
    source = layer.source()
    if layer.providerType() != 'gdal':
        raise QgsProcessingException(
            f'The layer "{layer.name()}" is a web layer ({layer.providerType()}) without a file; '
            f'save it as a GeoTIFF (right click > Export > Save As) and choose that'
        )
    if not os.path.exists(source):
        # What stands behind a bar are options for opening the file.
        source = source.split('|')[0]
    if source.startswith('/vsimem/'):
        raise QgsProcessingException(
            f'The layer "{layer.name()}" is in memory alone; save it as a GeoTIFF (right click > '
            f'Export > Save As) and choose that'
        )
    if not os.path.exists(source) and source.startswith(os.sep) and '/vsi' not in source:
        raise QgsProcessingException(
            f'The file of the layer "{layer.name()}", {source}, is not there; mend the path of the '
            f'layer, or choose the file'
        )
    return source


def vector_file(layer: QgsVectorLayer, context: QgsProcessingContext) -> tuple[str, str]:
    """Return the file of a vector layer and the name of its layer in there.

    What has no file of its own (a scratch layer, a filter, a database, a server) is written to a
    temporary one, with its CRS; of equal layers those files are equal, too.

    Returns:
        Path, and name of the layer, which is empty where the file has only one.

    Raises:
        QgsProcessingException: if it cannot be written.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path, name = str(parts.get('path') or ''), str(parts.get('layerName') or '')
    plain = layer.providerType() == 'ogr' and not layer.subsetString() and os.path.exists(path)
    if plain and path.lower().endswith('.gpkg') and name:
        return path, name
    if plain and path.lower().endswith(SINGLE):
        return path, ''
    return _written(layer, context), ''


def _written(layer: QgsVectorLayer, context: QgsProcessingContext) -> str:
    """Write a layer to a temporary FlatGeobuf, which holds no time of writing."""
    if layer.isEditable() and layer.isModified():
        raise QgsProcessingException(
            f'The layer "{layer.name()}" has edits that are not saved; save them and try again'
        )
    if not layer.crs().isValid():
        raise QgsProcessingException(
            f'The layer "{layer.name()}" has no coordinate system; set one first (right click > '
            f'Layer CRS)'
        )
    path = QgsProcessingUtils.generateTempFilename('polygons.fgb')
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = 'FlatGeobuf'
    options.layerName = 'polygons'
    code, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, path, context.transformContext(), options
    )
    if code != QgsVectorFileWriter.WriterError.NoError:
        raise QgsProcessingException(
            f'The layer "{layer.name()}" cannot be written to a file ({message}); save it as a '
            f'GeoPackage (right click > Export > Save Features As) and choose that'
        )
    return path
