"""The look of an audit in QGIS 3: rings around the ground to judge, and a form for the verdict.

The analyst sees neither what was mapped at a point nor what the network thought of it: who knows
the answer judges less freely.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement

from dfpenet_mm.vocabulary import COMMENT, REVIEWED_AT, REVIEWER, VERDICT, Judgement
from postproc.inventory.qgis_form import UTC_NOW, listed, text_element
from postproc.inventory.qgis_symbols import AROUND, by_value, labels, qml, ring

FID = 'fid'
WRITTEN_BY_HAND = (VERDICT, COMMENT, REVIEWER, REVIEWED_AT)
SHOWN = ('visit_order', *WRITTEN_BY_HAND)
ALIASES = {
    'visit_order': 'Point',
    'round': 'Round',
    VERDICT: 'What is at the centre of the ring?',
    COMMENT: 'Comment',
    REVIEWER: 'Who looked',
    REVIEWED_AT: 'When (UTC)',
}
COLOURS = {
    '': ('to be looked at', '255,255,255,255'),
    Judgement.LANDSLIDE: ('landslide', '255,140,0,255'),
    Judgement.NOT_LANDSLIDE: ('not landslide', '110,255,60,255'),
    Judgement.CANNOT_TELL: ('cannot tell', '160,160,160,255'),
}
OPEN = f'coalesce("{VERDICT}", \'\')'
PERSON = f'coalesce("{REVIEWER}", @user_full_name)'


def audit_style(columns: Sequence[str]) -> str:
    """Return the QML of the points of an audit.

    Args:
        columns: of the layer, without its geometry.
    """
    fields = [FID, *columns]
    symbols = {str(key): (legend, ring(colour)) for key, (legend, colour) in COLOURS.items()}
    numbers = labels('"visit_order"', size=7, placement=AROUND)
    editable = {name: {'editable': str(int(name in WRITTEN_BY_HAND))} for name in fields}
    form = [
        _widgets(fields),
        listed('aliases', 'alias', {n: {'name': ALIASES.get(n, '')} for n in fields}),
        listed(
            'defaults',
            'default',
            {
                REVIEWER: {'expression': PERSON, 'applyOnUpdate': '1'},
                REVIEWED_AT: {'expression': UTC_NOW, 'applyOnUpdate': '1'},
            },
        ),
        _table(fields),
        text_element('editorlayout', 'tablayout'),
        _tab(fields),
        listed('editable', 'field', editable, key='name'),
        # Names of the points in the list beside the form, along which one walks.
        text_element(
            'previewExpression', f'"visit_order" || coalesce(\': \' || "{VERDICT}", \'\')'
        ),
    ]
    return qml(by_value(OPEN, symbols), numbers, form=form)


def _widgets(fields: Iterable[str]) -> Element:
    configuration = Element('fieldConfiguration')
    for name in fields:
        field = SubElement(configuration, 'field', name=name, configurationFlags='None')
        kind, settings = 'TextEdit', Element('Option', type='Map')
        if name not in SHOWN:
            kind = 'Hidden'
        elif name == VERDICT:
            kind = 'ValueMap'
            choices = SubElement(settings, 'Option', name='map', type='List')
            for verdict in Judgement:
                one = SubElement(choices, 'Option', type='Map')
                SubElement(one, 'Option', name=str(verdict), type='QString', value=str(verdict))
        elif name == COMMENT:
            SubElement(settings, 'Option', name='IsMultiline', type='bool', value='true')
        widget = SubElement(field, 'editWidget', type=kind)
        SubElement(widget, 'config').append(settings)
    return configuration


def _tab(fields: Sequence[str]) -> Element:
    root = Element('attributeEditorForm')
    tab = SubElement(root, 'attributeEditorContainer', name='Verdict', columnCount='1')
    tab.attrib |= {'groupBox': '0', 'showLabel': '1', 'visibilityExpressionEnabled': '0'}
    for name in SHOWN:
        place = str(fields.index(name))
        SubElement(tab, 'attributeEditorField', name=name, index=place, showLabel='1')
    return root


def _table(fields: Sequence[str]) -> Element:
    """Return the table's columns, sorted in the order of the visit."""
    table = Element('attributetableconfig', actionWidgetStyle='dropDown', sortOrder='0')
    table.set('sortExpression', '"visit_order"')
    columns = SubElement(table, 'columns')
    for name in [*SHOWN, *(name for name in fields if name not in SHOWN)]:
        hidden = str(int(name not in SHOWN))
        SubElement(columns, 'column', name=name, type='field', width='-1', hidden=hidden)
    SubElement(columns, 'column', type='actions', width='-1', hidden='1')
    return table
