import re
import sqlite3
from contextlib import closing
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import Verdict
from postproc.evaluation import landslide_comparison
from postproc.evaluation.confusion_picture import COLOURS
from postproc.evaluation.landslide_comparison import write_match_layers
from postproc.inventory import qgis_style


@pytest.fixture
def stored(tmp_path):
    """Styles of a real comparison: a hit, a false alarm, a landslide found and one missed."""
    crs = CRS.from_epsg(32654)
    grid = RasterGrid(crs, Affine(10, 0, 0, 0, -10, 100), (10, 10))
    boxes = [shapely.box(x, 0, x + 20, 20) for x in (0, 40, 80)]
    predicted, reference = (
        gpd.GeoDataFrame(geometry=shapes, crs=crs) for shapes in (boxes[:2], boxes[::2])
    )
    compared = landslide_comparison.compare_landslides(
        predicted.geometry.to_numpy(), reference.geometry.to_numpy(), grid
    )
    path = tmp_path / 'evaluation.gpkg'
    write_match_layers(path, compared.tables(predicted, reference), {})
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute('SELECT f_table_name, styleQML FROM layer_styles').fetchall()
    return {name: (ElementTree.fromstring(text), gpd.read_file(path, layer=name))
            for name, text in rows}, pyogrio.list_layers(path)  # fmt: skip


def drawn(root):
    """Return the properties of the symbol of every status."""
    symbols = {item.get('name'): item for item in root.findall('renderer-v2/symbols/symbol')}
    return {
        category.get('value'): {
            prop.get('k'): prop.get('v') for prop in symbols[category.get('symbol')].iter('prop')
        }
        for category in root.iter('category')
    }


def test_every_status_has_a_symbol(stored):
    styles, _ = stored
    assert set(styles) == {'predicted', 'reference'}
    statuses = {'predicted': {'TP', 'FP'}, 'reference': {'TP', 'FN'}}
    for name, (root, table) in styles.items():
        assert set(table['status']) == statuses[name]
        assert set(drawn(root)) == statuses[name] | {landslide_comparison.NOT_COUNTED}
        assert root.find('renderer-v2').get('attr') == 'status'


def test_styles_name_fields_that_their_layers_have(stored):
    for root, table in stored[0].values():
        texts = [item.get('value', '') for item in root.iter('Option')]
        texts.append(root.find('.//text-style').get('fieldName'))
        named = {name for text in texts for name in re.findall(r'"(\w+)"', text)}
        assert named == {'id', 'status', 'area_m2'}
        assert named <= set(table)


def test_colours_are_those_of_the_confusion_raster(stored):
    (predicted, _), (reference, _) = (stored[0][name] for name in ('predicted', 'reference'))
    for root, status, verdict in (
        (predicted, 'TP', Verdict.TP),
        (predicted, 'FP', Verdict.FP),
        (reference, 'FN', Verdict.FN),
        (reference, 'TP', Verdict.TP),
    ):
        outline = np.array(drawn(root)[status]['outline_color'].split(','), dtype=int)
        assert tuple(outline) == COLOURS[verdict]
    filled = {status for root in (predicted, reference) for status, symbol in drawn(root).items()
              if symbol['style'] == 'solid' and symbol['color'].split(',')[3] != '255'}  # fmt: skip
    assert filled == {'TP', 'FP', 'FN'}
    assert drawn(reference)['TP']['style'] == 'no'


def test_the_status_that_is_not_counted_has_one_name():
    assert qgis_style.NOT_COUNTED == landslide_comparison.NOT_COUNTED


def test_the_tables_are_what_a_gis_lists_first(stored):
    assert [tuple(row) for row in stored[1]] == [
        ('predicted', 'MultiPolygon'),
        ('reference', 'MultiPolygon'),
        ('layer_styles', None),
    ]
