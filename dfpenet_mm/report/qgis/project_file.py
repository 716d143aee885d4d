"""The XML of a QGIS 3 project: layers in groups, a place and a CRS, and relative paths."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, indent, tostring

import pyproj
from rasterio.crs import CRS

from dfpenet_mm.report.qgis.print_layout import PrintLayout
from dfpenet_mm.source_files import absolute_name, gdal_name, is_virtual

HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
# Any QGIS 3 of this version and later opens the file as its own.
VERSION = '3.16.0'
CHECKED = {True: 'Qt::Checked', False: 'Qt::Unchecked'}
# Attributes of a style that belong to the layer itself in a project.
LAYER_ATTRIBUTES = 'labelsEnabled', 'hasScaleBasedVisibilityFlag', 'minScale', 'maxScale'


@dataclass(frozen=True)
class ProjectLayer:
    """A layer of the project.

    Args:
        name: as the user sees it; the file and the layer in it make it unique.
        path: the file.
        crs: of the layer.
        layer: in a file of several; empty for a raster.
        style: QML of a vector layer, or the ``pipe`` of a raster.
        shown: whether it is switched on.
    """

    name: str
    path: Path
    crs: CRS
    style: str | Element
    layer: str = ''
    shown: bool = True

    @property
    def key(self) -> str:
        """Identifier in the project."""
        letters = f'{self.path.name}_{self.layer or self.name}'
        return ''.join(letter if letter.isalnum() else '_' for letter in letters)

    @property
    def provider(self) -> str:
        """QGIS's name of what reads it."""
        return 'ogr' if self.layer else 'gdal'

    def source(self, folder: Path) -> str:
        """Return where it is, seen from the project's folder, or the name that only GDAL opens."""
        if is_virtual(self.path):
            return gdal_name(absolute_name(self.path))
        own, home = self.path.resolve(), folder.resolve()
        if own.drive != home.drive:
            path = own.as_posix()  # of Windows, between whose drives there is no way
        else:
            path = Path(os.path.relpath(own, home)).as_posix()
            path = path if path.startswith('../') else f'./{path}'
        return f'{path}|layername={self.layer}' if self.layer else path


@dataclass(frozen=True)
class Project:
    """Contents of a project.

    Args:
        title: of the window.
        crs: of the map.
        extent: of the map at first: left, bottom, right, top, in ``crs``.
        ellipsoid: on which QGIS measures, such as ``EPSG:7030``; ``NONE`` for the plane of the
            layer measured.
        groups: layers by the names of their groups, the uppermost first.
        layout: for printing; None for none.
    """

    title: str
    crs: CRS
    extent: tuple[float, float, float, float]
    ellipsoid: str
    groups: Mapping[str, Sequence[ProjectLayer]] = field(default_factory=dict)
    layout: PrintLayout | None = None

    def as_xml(self, folder: Path) -> str:
        """Return the file.

        Args:
            folder: where it will lie; paths are relative to it.
        """
        root = Element('qgis', projectname=self.title, version=VERSION)
        SubElement(root, 'title').text = self.title
        SubElement(root, 'projectCrs').append(_crs(self.crs))
        tree = SubElement(root, 'layer-tree-group')
        layers = Element('projectlayers')
        for name, members in self.groups.items():
            group = SubElement(tree, 'layer-tree-group', name=name, expanded='1')
            group.set('checked', CHECKED[True])
            for layer in members:
                group.append(_tree_layer(layer, folder))
                layers.append(_map_layer(layer, folder))
        root.append(self._canvas())
        root.append(layers)
        properties = SubElement(root, 'properties')
        for section, name, kind, value in (
            ('Paths', 'Absolute', 'bool', 'false'),
            ('SpatialRefSys', 'ProjectionsEnabled', 'int', '1'),
            ('Measure', 'Ellipsoid', 'QString', self.ellipsoid),
            # Of $area, $length and the measuring tools, as in the inventory's fields.
            ('Measurement', 'DistanceUnits', 'QString', 'meters'),
            ('Measurement', 'AreaUnits', 'QString', 'm2'),
        ):
            parent = properties.find(section)
            parent = SubElement(properties, section) if parent is None else parent
            SubElement(parent, name, type=kind).text = value
        if self.layout is not None:
            root.append(self.layout.as_xml())
        indent(root)
        return f'{HEAD}\n{tostring(root, encoding="unicode")}\n'

    def _canvas(self) -> Element:
        canvas = Element('mapcanvas', name='theMapCanvas')
        extent = SubElement(canvas, 'extent')
        for side, value in zip(('xmin', 'ymin', 'xmax', 'ymax'), self.extent, strict=True):
            SubElement(extent, side).text = repr(float(value))
        SubElement(canvas, 'destinationsrs').append(_crs(self.crs))
        return canvas


def _crs(crs: CRS) -> Element:
    system = Element('spatialrefsys', nativeFormat='Wkt')
    wkt = crs.to_wkt(version='WKT2_2019')
    SubElement(system, 'wkt').text = wkt
    authority = pyproj.CRS.from_wkt(wkt).to_authority()
    if authority is not None:
        SubElement(system, 'authid').text = ':'.join(authority)
    return system


def _tree_layer(layer: ProjectLayer, folder: Path) -> Element:
    return Element(
        'layer-tree-layer',
        id=layer.key,
        name=layer.name,
        source=layer.source(folder),
        providerKey=layer.provider,
        checked=CHECKED[layer.shown],
        expanded='0',
    )


def _map_layer(layer: ProjectLayer, folder: Path) -> Element:
    element = Element('maplayer', type='vector' if layer.layer else 'raster')
    SubElement(element, 'id').text = layer.key
    SubElement(element, 'datasource').text = layer.source(folder)
    SubElement(element, 'layername').text = layer.name
    SubElement(element, 'srs').append(_crs(layer.crs))
    SubElement(element, 'provider', encoding='UTF-8').text = layer.provider
    if isinstance(layer.style, Element):
        element.append(copy.deepcopy(layer.style))
        return element
    style = fromstring(layer.style)
    element.attrib |= {
        name: style.attrib[name] for name in LAYER_ATTRIBUTES if name in style.attrib
    }
    element.extend(style)
    return element
