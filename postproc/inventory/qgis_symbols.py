"""Parts of a QGIS 3 layer style: symbols, what chooses them, labels, and the QML around them.

Only what differs from QGIS's own defaults is written, in the forms that every QGIS 3 reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
# Red, green, blue, opacity.
WHITE, BLACK, CLEAR = '255,255,255,255', '0,0,0,255', '255,255,255,0'
# Outlines thin out with the scale, so that an overview shows landslides and not ink.
LINE_MM, OVERVIEW_LINE_MM = 0.5, 0.2
NEAR, FAR = 5_000, 50_000
# QGIS's numbers: a property by expression; a label around a point or level in a polygon; a
# label that may lie inside its polygon, and beside it where it does not fit.
BY_EXPRESSION = 3
AROUND, LEVEL = 0, 4
INSIDE_OR_BESIDE = 3
# Categories of a style that say how features are shown and edited.
FORM = ('Fields', 'Forms', 'AttributeTable', 'MapTips')


def outline(colour: str, *, line: str = 'solid', width: float = LINE_MM, fill: str = '') -> Element:
    """Return the symbol of a polygon.

    Args:
        colour: of the outline, such as ``WHITE``.
        line: ``solid``, ``dash`` or ``dot``.
        width: of the outline, mm, at scales of ``NEAR`` and nearer.
        fill: colour of the inside; empty for none.
    """
    properties = {
        'style': 'solid' if fill else 'no',
        'color': fill or CLEAR,
        'outline_color': colour,
        'outline_style': line,
        'outline_width': width,
        'outline_width_unit': 'MM',
        'joinstyle': 'miter',
    }
    thinner = width * OVERVIEW_LINE_MM / LINE_MM
    by_scale = f'scale_linear(@map_scale, {NEAR}, {FAR}, {width:g}, {thinner:g})'
    return _symbol('fill', 'SimpleFill', properties, {'outlineWidth': by_scale})


def triangle(colour: str, *, angle: int) -> Element:
    """Return the symbol of a point: a triangle that points up, turned by ``angle`` degrees."""
    properties = {
        'name': 'triangle',
        'angle': angle,
        'color': colour,
        'outline_color': BLACK,
        'outline_style': 'solid',
        'outline_width': 0.2,
        'outline_width_unit': 'MM',
        'size': 2.4,
        'size_unit': 'MM',
    }
    return _symbol('marker', 'SimpleMarker', properties, {})


def ring(colour: str) -> Element:
    """Return the symbol of a point: a circle around the ground that is to be judged.

    Its dark border shows it on bright ground too.
    """
    border, circle = (_circle(line, width) for line, width in ((BLACK, 1.2), (colour, 0.6)))
    border.extend(circle)
    return border


def _circle(colour: str, width: float) -> Element:
    properties = {
        'name': 'circle',
        'color': CLEAR,
        'outline_color': colour,
        'outline_style': 'solid',
        'outline_width': width,
        'outline_width_unit': 'MM',
        'size': 7,
        'size_unit': 'MM',
    }
    return _symbol('marker', 'SimpleMarker', properties, {})


def single(symbol: Element) -> Element:
    """Return the renderer that draws every feature with one symbol."""
    renderer = _renderer('singleSymbol')
    SubElement(renderer, 'symbols').append(symbol)
    return renderer


def outside(symbol: Element) -> Element:
    """Return the renderer that fills what lies outside of all features."""
    renderer = _renderer('invertedPolygonRenderer', preprocessing=0)
    renderer.append(single(symbol))
    return renderer


def by_value(field: str, symbols: Mapping[str, tuple[str, Element]]) -> Element:
    """Return the renderer that draws features by the value of a text field.

    Args:
        field: name of the field.
        symbols: what the legend says and the symbol, by value.
    """
    renderer = _renderer('categorizedSymbol', attr=field)
    categories = SubElement(renderer, 'categories')
    drawn = SubElement(renderer, 'symbols')
    for number, (value, (legend, symbol)) in enumerate(symbols.items()):
        key = str(number)
        SubElement(categories, 'category', render='true', symbol=key, value=value, label=legend)
        symbol.set('name', key)
        drawn.append(symbol)
    return renderer


def labels(
    expression: str,
    *,
    colour: str = BLACK,
    size: float = 8,
    placement: int = LEVEL,
    nearest: int = 0,
    smallest_mm: float = 0,
    properties: Mapping[str, str] | None = None,
) -> Element:
    """Return labels with a white rim, which reads on any image.

    Args:
        expression: what they say, as QGIS computes it.
        colour: of the text.
        size: of the text, points.
        placement: ``AROUND`` a point or ``LEVEL`` in a polygon.
        nearest: they show at scales of 1 to this number and nearer; 0 for any scale.
        smallest_mm: a polygon whose area is smaller than a square of this side on the map goes
            without.
        properties: expressions by QGIS's names of the properties that they set.
    """
    labelling = Element('labeling', type='simple')
    settings = SubElement(labelling, 'settings', calloutType='simple')
    text = _element(
        'text-style',
        fieldName=expression,
        isExpression=1,
        fontSize=size,
        fontSizeUnit='Point',
        fontWeight=75,
        textColor=colour,
        textOpacity=1,
    )
    rim = {'bufferDraw': 1, 'bufferSize': 0.8, 'bufferSizeUnits': 'MM', 'bufferOpacity': 1}
    text.append(_element('text-buffer', bufferColor=WHITE, **rim))
    settings.append(text)
    settings.append(_element('text-format', autoWrapLength=24, multilineAlign=1))
    place = {'dist': 1, 'distUnits': 'MM', 'centroidInside': 1, 'centroidWhole': 1, 'priority': 5}
    settings.append(
        _element('placement', placement=placement, polygonPlacementFlags=INSIDE_OR_BESIDE, **place)
    )
    scales = {'scaleVisibility': int(nearest > 0), 'scaleMin': 1, 'scaleMax': nearest}
    settings.append(
        _element('rendering', drawLabels=1, obstacle=1, minFeatureSize=smallest_mm, **scales)
    )
    settings.append(_by_expressions('dd_properties', properties or {}))
    return labelling


def qml(
    renderer: Element,
    labelling: Element | None = None,
    *,
    nearest: int = 0,
    form: Sequence[Element] = (),
) -> str:
    """Return a layer's style.

    Args:
        renderer: as from ``single``, ``outside`` or ``by_value``.
        labelling: as from ``labels``; None for none.
        nearest: the layer shows at scales of 1 to this number and nearer; 0 for any scale.
        form: how features are shown and edited, as from ``qgis_form.form``; empty for QGIS's own.
    """
    root = Element('qgis', version='3.16', labelsEnabled='0' if labelling is None else '1')
    categories = ['Symbology', 'Labeling', *(['Rendering'] if nearest else [])]
    root.set('styleCategories', '|'.join([*categories, *(FORM if form else [])]))
    if nearest:
        root.attrib |= {'hasScaleBasedVisibilityFlag': '1', 'minScale': str(nearest)}
        root.set('maxScale', '0')
    root.append(renderer)
    if labelling is not None:
        root.append(labelling)
    root.extend(form)
    SubElement(root, 'blendMode').text = '0'
    SubElement(root, 'layerOpacity').text = '1'
    indent(root)
    return f'{HEAD}\n{tostring(root, encoding="unicode")}\n'


def _renderer(type_: str, **attributes: object) -> Element:
    return _element(
        'renderer-v2', type=type_, symbollevels=0, enableorderby=0, forceraster=0, **attributes
    )


def _symbol(
    type_: str, kind: str, properties: Mapping[str, object], by_expression: Mapping[str, str]
) -> Element:
    symbol = _element('symbol', type=type_, name='0', alpha=1, clip_to_extent=1, force_rhr=0)
    layer = _element('layer', enabled=1, locked=0)
    layer.attrib |= {'class': kind, 'pass': '0'}
    for key, value in properties.items():
        layer.append(_element('prop', k=key, v=value))
    layer.append(_by_expressions('data_defined_properties', by_expression))
    symbol.append(layer)
    return symbol


def _by_expressions(tag: str, expressions: Mapping[str, str]) -> Element:
    collection = Element(tag)
    root = SubElement(collection, 'Option', type='Map')
    SubElement(root, 'Option', name='name', type='QString', value='')
    properties = SubElement(root, 'Option', name='properties', type='Map')
    for name, expression in expressions.items():
        one = SubElement(properties, 'Option', name=name, type='Map')
        SubElement(one, 'Option', name='active', type='bool', value='true')
        SubElement(one, 'Option', name='expression', type='QString', value=expression)
        SubElement(one, 'Option', name='type', type='int', value=str(BY_EXPRESSION))
    SubElement(root, 'Option', name='type', type='QString', value='collection')
    return collection


def _element(tag: str, **attributes: object) -> Element:
    return Element(tag, {name: str(value) for name, value in attributes.items()})
