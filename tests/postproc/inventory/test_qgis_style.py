import re
import sqlite3
from contextlib import closing
from xml.etree import ElementTree

import pyogrio
import pytest

from postproc.inventory.formats import write_inventory
from postproc.inventory.qgis_style import style_of

QUOTED_FIELD = re.compile(r'"(\w+)"')
ROLES = 'landslides', 'rejected', 'headscarps'


@pytest.fixture
def stored(layers, tmp_path):
    """The styles as the file holds them, parsed, and the fields of their layers."""
    path = tmp_path / 'landslides.gpkg'
    write_inventory(layers, tmp_path, [path.name], {})
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute('SELECT f_table_name, styleQML FROM layer_styles').fetchall()
    return {
        name: (ElementTree.fromstring(text), set(pyogrio.read_info(path, layer=name)['fields']))
        for name, text in rows
    }


def expressions(root):
    computed = [
        item.get('value') for item in root.iter('Option') if item.get('name') == 'expression'
    ]
    return [root.find('.//text-style').get('fieldName'), *computed]


def symbols(root):
    return [
        {prop.get('k'): prop.get('v') for prop in layer.iter('prop')}
        for layer in root.findall('.//symbol/layer')
    ]


def test_stored_styles_name_fields_that_their_layers_have(stored):
    assert set(stored) == set(ROLES)
    for root, fields in stored.values():
        named = {name for text in expressions(root) for name in QUOTED_FIELD.findall(text)}
        named |= {root.find('renderer-v2').get('attr')} - {None}
        assert named
        assert named <= fields


def test_labels_are_on_with_a_white_rim(stored):
    shown = {}
    for name, (root, _) in stored.items():
        assert root.get('labelsEnabled') == '1'
        assert root.find('.//rendering').get('drawLabels') == '1'
        rim = root.find('.//text-style/text-buffer')
        assert (rim.get('bufferDraw'), rim.get('bufferColor')) == ('1', '255,255,255,255')
        shown[name] = root.find('.//text-style').get('fieldName')
    assert shown['landslides'] == '"id"'
    assert '"id"' in shown['rejected']
    assert '"reason"' in shown['rejected']
    assert '"elevation_m"' in shown['headscarps']


def test_only_numbers_show_at_every_scale(stored):
    limits = {}
    for name, (root, _) in stored.items():
        rendering = root.find('.//rendering')
        scaled, limit = rendering.get('scaleVisibility') == '1', int(rendering.get('scaleMax'))
        limits[name] = (limit if scaled else None, root.get('minScale'))
    assert limits == {
        'landslides': (None, None),
        'rejected': (10_000, None),
        'headscarps': (5_000, '20000'),
    }
    assert float(stored['landslides'][0].find('.//rendering').get('minFeatureSize')) > 0


def test_renderers_draw_outlines_and_triangles(stored):
    drawn = {name: symbols(root) for name, (root, _) in stored.items()}
    kinds = {name: root.find('renderer-v2').get('type') for name, (root, _) in stored.items()}
    assert kinds == {
        'landslides': 'singleSymbol',
        'rejected': 'singleSymbol',
        'headscarps': 'categorizedSymbol',
    }
    lines = {name: drawn[name][0]['outline_style'] for name in ('landslides', 'rejected')}
    assert lines == {'landslides': 'solid', 'rejected': 'dash'}
    assert all(drawn[name][0]['style'] == 'no' for name in lines)
    assert [item['name'] for item in drawn['headscarps']] == ['triangle', 'triangle']
    root, _ = stored['headscarps']
    angles = {
        category.get('value'): drawn['headscarps'][int(category.get('symbol'))]['angle']
        for category in root.iter('category')
    }
    assert angles == {'headscarp': '0', 'toe': '180'}


@pytest.mark.parametrize('role', ROLES)
def test_a_style_is_the_same_every_time(role):
    assert style_of(role) == style_of(role)
    assert style_of(role).startswith('<!DOCTYPE qgis')
