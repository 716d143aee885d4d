"""The form in which QGIS 3 shows a landslide: states to choose, measures to read, all in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from dfpenet_mm.review import LABELS
from dfpenet_mm.vocabulary import (
    CHANCE,
    COMMENT,
    REVIEW,
    REVIEW_ORDER,
    REVIEWED_AT,
    REVIEWER,
    Review,
)
from postproc.inventory.fields import (
    ALL_FIELDS,
    LANDSLIDE_FIELDS,
    REVIEW_FIELDS,
    TERRAIN_FIELDS,
    names,
)

FID = 'fid'
# What an analyst fills in; all else is measured.
WRITTEN_BY_HAND = (REVIEW, REVIEWER, REVIEWED_AT, COMMENT)
ALIASES = {
    'id': 'Number',
    REVIEW: 'State',
    REVIEWER: 'Reviewer',
    REVIEWED_AT: 'Reviewed at (UTC)',
    COMMENT: 'Comment',
    REVIEW_ORDER: 'Look at it as no.',
    CHANCE: 'Chance that it is one',
    'mean_probability': 'Probability, mean',
    'p10_probability': 'Probability, tenth percentile',
    'lon': 'Longitude',
    'lat': 'Latitude',
    'touches_edge': 'Cut by the edge',
    'lw_ratio': 'Length / width',
}
UNITS = {'m2': 'm²', 'deg': '°', 'm': 'm'}
# Of QGIS's expressions none gives the time in UTC.
SECONDS = 'floor(epoch(now()) / 1000)'
UTC_NOW = (
    f"format_date(to_date('1970-01-01') + to_interval(floor({SECONDS} / 86400) || ' days'), "
    f"'yyyy-MM-dd') || 'T' || lpad(floor({SECONDS} / 3600) % 24, 2, '0') || ':' || "
    f"lpad(floor({SECONDS} / 60) % 60, 2, '0') || ':' || lpad({SECONDS} % 60, 2, '0') || 'Z'"
)
NETWORK = (CHANCE, 'mean_probability', 'p10_probability', 'pre_coverage', 'pre_share',
           'pre_persistence')  # fmt: skip
PLACE = ('centroid_x', 'centroid_y', 'lon', 'lat', 'touches_edge')


def form(columns: Sequence[str]) -> list[Element]:
    """Return the parts of a layer's style that make up its form and its table.

    Args:
        columns: of the layer, without its geometry.

    Returns:
        Elements of a QML file: how fields are called and edited, what they are when something
        is drawn, groups of fields, and the order of the table.
    """
    fields = [FID, *columns]
    return [
        _widgets(fields),
        listed('aliases', 'alias', {name: {'name': _alias(name)} for name in fields}),
        listed('defaults', 'default', _defaults(fields)),
        _table(fields),
        text_element('editorlayout', 'tablayout'),
        _groups(fields),
        listed(
            'editable',
            'field',
            {name: {'editable': str(int(name in WRITTEN_BY_HAND))} for name in fields},
            key='name',
        ),
        text_element('previewExpression', _title(fields)),
    ]


def _title(fields: Sequence[str]) -> str:
    """Name what a feature is called in lists: its number."""
    return next((f'"{name}"' for name in ('id', REVIEW_ORDER, REVIEWER) if name in fields), '$id')


def _alias(name: str) -> str:
    if name in ALIASES or name == FID:
        return ALIASES.get(name, '')
    unit = next((UNITS.get(field.unit, '') for field in ALL_FIELDS if field.name == name), '')
    words = name.removesuffix('_m2').removesuffix('_m').removesuffix('_deg').replace('_', ' ')
    words = words.replace('elev ', 'elevation ')
    return f'{words[:1].upper()}{words[1:]}{f", {unit}" if unit else ""}'


def _widgets(fields: Iterable[str]) -> Element:
    configuration = Element('fieldConfiguration')
    for name in fields:
        field = SubElement(configuration, 'field', name=name, configurationFlags='None')
        kind, settings = 'TextEdit', Element('Option', type='Map')
        if name == FID:
            kind = 'Hidden'
        elif name == REVIEW:
            kind = 'ValueMap'
            choices = SubElement(settings, 'Option', name='map', type='List')
            for state in Review:
                one = SubElement(choices, 'Option', type='Map')
                SubElement(one, 'Option', name=LABELS[state], type='QString', value=str(state))
        elif name == COMMENT:
            SubElement(settings, 'Option', name='IsMultiline', type='bool', value='true')
        widget = SubElement(field, 'editWidget', type=kind)
        SubElement(widget, 'config').append(settings)
    return configuration


def _defaults(fields: Iterable[str]) -> dict[str, dict[str, str]]:
    """Say what a field is when something is drawn, and what becomes of it when it is edited."""
    drawn = {'expression': f"'{Review.ADDED}'", 'applyOnUpdate': '0'}
    moment = {'expression': UTC_NOW, 'applyOnUpdate': '1'}
    # Whoever drew or judged it; the name that QGIS knows is a first guess.
    person = {'expression': f'coalesce("{REVIEWER}", @user_full_name)', 'applyOnUpdate': '1'}
    given = {REVIEW: drawn, REVIEWER: person, REVIEWED_AT: moment}
    return {name: given[name] for name in fields if name in given}


def _groups(fields: Sequence[str]) -> Element:
    """Return the tabs of the form, those without a field left out."""
    measured = set(names([*LANDSLIDE_FIELDS, *TERRAIN_FIELDS, *REVIEW_FIELDS])) | {CHANCE, FID}
    size = [name for name in names(LANDSLIDE_FIELDS) if name not in (*NETWORK, *PLACE, 'id')]
    tabs = {
        'Review': ['id', REVIEW_ORDER, *WRITTEN_BY_HAND],
        'Size and shape': size,
        'Recognition': list(NETWORK),
        'Place': list(PLACE),
        'Terrain': names(TERRAIN_FIELDS),
        'Other': [name for name in fields if name not in measured],
    }
    root = Element('attributeEditorForm')
    for title, members in tabs.items():
        shown = [name for name in members if name in fields]
        if shown:
            tab = SubElement(root, 'attributeEditorContainer', name=title, columnCount='1')
            tab.attrib |= {'groupBox': '0', 'showLabel': '1', 'visibilityExpressionEnabled': '0'}
            for name in shown:
                place = str(fields.index(name))
                SubElement(tab, 'attributeEditorField', name=name, index=place, showLabel='1')
    return root


def _table(fields: Sequence[str]) -> Element:
    """Return the table's columns, what is filled in first, sorted by the order of the review."""
    table = Element('attributetableconfig', actionWidgetStyle='dropDown', sortOrder='0')
    table.set('sortExpression', f'"{REVIEW_ORDER}"' if REVIEW_ORDER in fields else '')
    columns = SubElement(table, 'columns')
    first = [name for name in (REVIEW_ORDER, 'id', *WRITTEN_BY_HAND) if name in fields]
    for name in [*first, *(name for name in fields if name not in first)]:
        hidden = str(int(name == FID))
        SubElement(columns, 'column', name=name, type='field', width='-1', hidden=hidden)
    SubElement(columns, 'column', type='actions', width='-1', hidden='1')
    return table


def listed(
    tag: str, item: str, entries: Mapping[str, Mapping[str, str]], key: str = 'field'
) -> Element:
    """Return a list of what is said of each field."""
    element = Element(tag)
    for field, attributes in entries.items():
        SubElement(element, item, {key: field, **attributes})
    return element


def text_element(tag: str, text: str) -> Element:
    """Return an element with nothing but a text."""
    element = Element(tag)
    element.text = text
    return element
