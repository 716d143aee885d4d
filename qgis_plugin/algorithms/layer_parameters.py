"""Parameters that are layers of the project or files: the command is given their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsRasterLayer,
)

from .. import qgis_names
from .layer_files import raster_file, vector_file
from .parameters import Parameter, Values


class Image(Parameter):
    """A raster layer or file."""

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterRasterLayer(
            self.name, self.label, self.default, optional=self.optional
        )

    def arguments(self, values: Values) -> list[str]:
        if not values.given(self.name):
            return []
        layer = values.algorithm.parameterAsRasterLayer(values.chosen, self.name, values.context)
        if layer is None:
            raise QgsProcessingException(
                f'"{self.label}": {values.chosen[self.name]} is no raster that QGIS can open; '
                f'choose a layer or a file'
            )
        return self.as_option(raster_file(layer))


@dataclass(frozen=True)
class PolygonLayer(Parameter):
    """A layer or file of polygons.

    Args:
        layer_option: of the command, for the name of the layer in the file; without one the name
            of the file has it.
    """

    layer_option: str = ''

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterVectorLayer(
            self.name, self.label, [qgis_names.POLYGONS], self.default, optional=self.optional
        )

    def arguments(self, values: Values) -> list[str]:
        if not values.given(self.name):
            return []
        layer = values.algorithm.parameterAsVectorLayer(values.chosen, self.name, values.context)
        if layer is None:
            raise QgsProcessingException(
                f'"{self.label}": {values.chosen[self.name]} holds no polygons that QGIS can '
                f'open; choose a layer or a file'
            )
        return self.of_layer(layer, values)

    def of_layer(self, layer: Any, values: Values) -> list[str]:
        """Return the options for the file of a vector layer."""
        path, name = vector_file(layer, values.context)
        if not name:
            return self.as_option(path)
        if self.layer_option:
            return [*self.as_option(path), f'{self.layer_option}={name}']
        return self.as_option(f'GPKG:{path}:{name}')


class PolygonLayerOrMask(PolygonLayer):
    """A layer or file of polygons, or a raster of classes."""

    def made(self) -> QgsProcessingParameterDefinition:
        kinds = [qgis_names.POLYGONS, qgis_names.RASTER]
        return QgsProcessingParameterMapLayer(
            self.name, self.label, self.default, self.optional, kinds
        )

    def arguments(self, values: Values) -> list[str]:
        if not values.given(self.name):
            return []
        layer = values.algorithm.parameterAsLayer(values.chosen, self.name, values.context)
        if layer is None:
            raise QgsProcessingException(
                f'"{self.label}": {values.chosen[self.name]} is no layer that QGIS can open; '
                f'choose a layer or a file'
            )
        if isinstance(layer, QgsRasterLayer):
            return self.as_option(raster_file(layer))
        return self.of_layer(layer, values)
