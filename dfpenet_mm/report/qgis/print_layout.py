"""The print layout of a project for QGIS 3: map, title, legend, scale bar, mark of the review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from rasterio.crs import CRS

from dfpenet_mm.report.figures.map_axes import nice_length
from dfpenet_mm.review import IN_PART, NOT_REVIEWED
from dfpenet_mm.vocabulary import REVIEW, Review

NAME = 'Map of the landslides'
# QGIS's numbers of the items of a layout.
PAGE, MAP, LABEL, LEGEND, SCALE_BAR = '65638', '65639', '65641', '65642', '65646'
# The map lies on the page and below all else.
DEPTHS = {PAGE: '0', MAP: '1'}
# Left, top, width and height on A4 lying, mm.
PAGE_MM = (0.0, 0.0, 297.0, 210.0)
TITLE_MM = (10.0, 8.0, 277.0, 9.0)
MARK_MM = (10.0, 197.0, 277.0, 7.0)
MAP_MM = (10.0, 20.0, 205.0, 174.0)
LEGEND_MM = (220.0, 20.0, 67.0, 120.0)
BAR_MM = (14.0, 178.0, 80.0, 13.0)
MAP_ID = '{6d61702d-0000-4000-8000-000000000001}'
WARNING, INK = '#b00020', '#000000'


@dataclass(frozen=True)
class PrintLayout:
    """Contents of a layout.

    Args:
        crs: of the map.
        extent: left, bottom, right and top in ``crs`` that the map shall show at least.
        legend: identifiers and names of the layers in the legend, in their order.
        landslides: identifier of the layer whose states are counted; empty for none.
        mark: words on the review where it has begun, empty where it is complete; None to count
            the states whenever the map is printed.
    """

    crs: CRS
    extent: tuple[float, float, float, float]
    legend: Sequence[tuple[str, str]]
    landslides: str = ''
    mark: str | None = None

    def as_xml(self) -> Element:
        """Return the element ``Layouts`` of a project."""
        root = Element('Layouts')
        layout = SubElement(root, 'Layout', name=NAME, units='mm', printResolution='200')
        pages = SubElement(layout, 'PageCollection')
        pages.append(_item(PAGE, PAGE_MM, 'page', {'background': 'true'}))
        for item in (
            _label(TITLE_MM, 'title', '[% @project_title %]', size=14, colour=INK),
            _label(MARK_MM, 'review', self._mark(), size=12, colour=WARNING),
            self._scale_bar(),
            self._legend(),
            self._map(),
        ):
            layout.append(item)
        return root

    def _mark(self) -> str:
        """Return what the map says of its review, as an expression where it has not begun."""
        if self.mark is not None or not self.landslides:
            return NOT_REVIEWED if self.mark is None else self.mark
        seen = f"lower(coalesce(\"{REVIEW}\", '')) NOT IN ('', '{Review.UNREVIEWED}')"
        counts = [
            f"coalesce(aggregate('{self.landslides}', 'count', $id{rows}), 0)"
            for rows in (f', {seen}', '')
        ]
        return (
            f"[% with_variable('seen', {counts[0]}, with_variable('all', {counts[1]}, "
            f"CASE WHEN @seen = 0 THEN '{NOT_REVIEWED}' WHEN @seen < @all THEN "
            f"'{IN_PART}: ' || @seen || ' of ' || @all || ' landslides' ELSE '' END)) %]"
        )

    def _map(self) -> Element:
        item = _item(MAP, MAP_MM, 'map', {'background': 'true', 'frame': 'true'})
        item.attrib |= {'uuid': MAP_ID, 'templateUuid': MAP_ID, 'mapRotation': '0'}
        item.attrib |= {'followPreset': 'false', 'keepLayerSet': 'false', 'drawCanvasItems': 'true'}
        left, bottom, right, top = self._fitted()
        sides = {'xmin': left, 'ymin': bottom, 'xmax': right, 'ymax': top}
        SubElement(item, 'Extent', {name: repr(side) for name, side in sides.items()})
        return item

    def _fitted(self) -> tuple[float, float, float, float]:
        """Widen the extent to the shape of the map, which would else change its size on paper."""
        left, bottom, right, top = self.extent
        width, height = max(right - left, 1e-9), max(top - bottom, 1e-9)
        shape = MAP_MM[2] / MAP_MM[3]
        wider, higher = max(width, height * shape), max(height, width / shape)
        x, y = (left + right) / 2, (bottom + top) / 2
        return x - wider / 2, y - higher / 2, x + wider / 2, y + higher / 2

    def _scale_bar(self) -> Element:
        left, _, right, _ = self._fitted()
        factor = self.crs.linear_units_factor[1] if self.crs.is_projected else 1.0
        length = nice_length((right - left) * factor / 8)
        large = length >= 1000
        item = _item(SCALE_BAR, BAR_MM, 'scale bar', {'background': 'true'})
        item.attrib |= {
            'mapUuid': MAP_ID,
            'style': 'Single Box',
            'unitType': 'km' if large else 'meters',
            'unitLabel': 'km' if large else 'm',
            'numUnitsPerSegment': f'{length / 1000 if large else length:g}',
            'numMapUnitsPerScaleBarUnit': '1',
            'numSegments': '2',
            'numSegmentsLeft': '0',
            'segmentSizeMode': '0',
            'height': '3',
            'boxContentSpace': '1',
            'labelBarSpace': '2',
        }
        return item

    def _legend(self) -> Element:
        item = _item(LEGEND, LEGEND_MM, 'legend', {'background': 'true'})
        item.attrib |= {'map_uuid': MAP_ID, 'resizeToContents': '1'}
        item.attrib |= {'symbolWidth': '7', 'symbolHeight': '4', 'boxSpace': '1'}
        tree = SubElement(item, 'layer-tree-group')
        for identifier, name in self.legend:
            SubElement(tree, 'layer-tree-layer', id=identifier, name=name, checked='Qt::Checked')
        return item


def _item(
    kind: str, place: tuple[float, float, float, float], name: str, more: Mapping[str, str]
) -> Element:
    left, top, width, height = place
    position = f'{left:g},{top:g},mm'
    item = Element('LayoutItem', type=kind, id=name, visibility='1', opacity='1')
    item.attrib |= {
        'position': position,
        'positionOnPage': position,
        'size': f'{width:g},{height:g},mm',
        'referencePoint': '0',
        'zValue': DEPTHS.get(kind, '2'),
        'frame': 'false',
        'background': 'false',
        **more,
    }
    return item


def _label(
    place: tuple[float, float, float, float], name: str, text: str, *, size: int, colour: str
) -> Element:
    item = _item(LABEL, place, name, {})
    item.attrib |= {'labelText': text, 'htmlState': '0', 'marginX': '0', 'marginY': '0'}
    SubElement(item, 'LabelFont', description=f'Sans,{size},-1,5,75,0,0,0,0,0')
    red, green, blue = (str(part) for part in bytes.fromhex(colour[1:]))
    SubElement(item, 'FontColor', red=red, green=green, blue=blue, alpha='255')
    return item
