import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from geopandas.testing import assert_geodataframe_equal
from rasterio.crs import CRS

from dfpenet_mm.vocabulary import LANDSLIDES
from postproc.inventory import layer
from postproc.inventory.formats import write_inventory
from postproc.inventory.layer import Layer, write_geopackage
from postproc.inventory.qgis_style import style_of
from postproc.reference.reference_vector import read_landslides


def rows(path, query):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_the_same_layers_give_the_same_bytes(layers, tmp_path):
    names = ['landslides.gpkg', 'landslides.shp', 'landslides.fgb']
    written = []
    for name in ('first', 'second'):
        folder = tmp_path / name
        folder.mkdir()
        files = write_inventory(layers, folder, names, {'inputs': {}})
        written.append({file: (folder / file).read_bytes() for file in files})
    assert len(written[0]) > 10
    assert written[0] == written[1]
    # Day and year of today are in no table of attributes either.
    assert written[0]['landslides.dbf'][1:4] == bytes([100, 1, 1])
    assert pyogrio.get_gdal_config_option('OGR_CURRENT_DATE') is None


def test_layers_come_first_and_styles_are_found_by_qgis(layers, tmp_path):
    write_inventory(layers, tmp_path, ['landslides.gpkg'], {})

    path = tmp_path / 'landslides.gpkg'
    kinds = [('landslides', 'MultiPolygon'), ('rejected', 'MultiPolygon'), ('headscarps', 'Point')]
    assert [tuple(row) for row in pyogrio.list_layers(path)] == [*kinds, ('layer_styles', None)]
    wanted = 'f_table_name, f_geometry_column, useAsDefault, styleQML'
    styles = rows(path, f'SELECT {wanted} FROM layer_styles ORDER BY id')
    assert styles == [(name, 'geom', 1, style_of(name)) for name, _ in kinds]
    # QGIS asks for empty texts here, which are not null.
    empty = "f_table_catalog = '' AND f_table_schema = ''"
    assert rows(path, f'SELECT count(*) FROM layer_styles WHERE {empty}') == [(3,)]
    geometry = 'SELECT table_name, column_name FROM gpkg_geometry_columns ORDER BY rowid'
    assert sorted(rows(path, geometry)) == sorted((name, 'geom') for name, _ in kinds)
    assert rows(path, 'PRAGMA integrity_check') == [('ok',)]
    assert {row[1] for row in rows(path, 'PRAGMA table_info(layer_styles)')} >= {
        'f_table_catalog',
        'f_table_schema',
        'styleName',
        'styleSLD',
        'description',
        'owner',
        'ui',
        'update_time',
    }


def test_the_landslides_layer_may_have_another_name(layers, tmp_path):
    landslides = layers[0]
    renamed = type(landslides)(landslides.role, 'iburi "2018"', landslides.table)

    write_inventory([renamed], tmp_path, ['a.gpkg'], {})

    names = rows(tmp_path / 'a.gpkg', 'SELECT f_table_name, styleQML FROM layer_styles')
    assert names == [('iburi "2018"', style_of('landslides'))]


def test_the_time_of_a_style_suits_older_gdal(layers, tmp_path):
    write_inventory(layers, tmp_path, ['a.gpkg'], {})
    times = rows(tmp_path / 'a.gpkg', 'SELECT DISTINCT update_time FROM layer_styles')
    assert times == [('2000-01-01T00:00:00.000Z',)]


def test_landslides_without_a_shape_are_no_sign_of_a_full_disk(tmp_path):
    shapes = [shapely.box(0, 0, 1, 1), None, shapely.MultiPolygon()]
    table = gpd.GeoDataFrame({'id': [1, 2, 3]}, geometry=shapes, crs='EPSG:32654')

    write_geopackage([Layer(LANDSLIDES, 'landslides', table)], tmp_path / 'a.gpkg', '{}')

    assert len(gpd.read_file(tmp_path / 'a.gpkg', layer='landslides')) == 3


def test_an_edited_file_serves_as_an_inventory(layers, tmp_path):
    write_inventory(layers, tmp_path, ['landslides.gpkg'], {})
    path = tmp_path / 'landslides.gpkg'

    # As a GIS deletes a row, and moves a vertex.
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('DELETE FROM landslides WHERE id = 2')
    table = gpd.read_file(path, layer='landslides')
    moved = shapely.transform(
        table.geometry.to_numpy(), lambda vertices: vertices + [[0, 5]] * len(vertices)
    )
    drawn = gpd.GeoDataFrame(
        geometry=[*moved, shapely.box(499_000, 4_699_000, 499_020, 4_699_010)], crs=table.crs
    )
    drawn.to_file(path, layer='landslides', driver='GPKG')

    found = read_landslides(path, CRS.from_epsg(32654))
    landslides = found.table
    assert found.ignored == 0
    before = layers[0].table.geometry
    assert sorted(landslides.area) == sorted([before.area[0], before.area[2], 200.0])
    bottom = np.sort(landslides.bounds['miny'])
    np.testing.assert_allclose(bottom[1:], np.sort(before.bounds['miny'][[0, 2]]) + 5)
    # The other layers and the styles are still there.
    assert {name for name, _ in pyogrio.list_layers(path)} == {
        'landslides',
        'rejected',
        'headscarps',
        'layer_styles',
    }


def test_rows_written_in_parts_are_all_there(layers, tmp_path, monkeypatch):
    whole, parts = tmp_path / 'whole.gpkg', tmp_path / 'parts.gpkg'
    write_inventory(layers, tmp_path, [whole.name], {'from': 'here'})
    monkeypatch.setattr(layer, 'ROWS_AT_ONCE', 2)
    write_inventory(layers, tmp_path, [parts.name], {'from': 'here'})
    for name in ('landslides', 'rejected'):
        expected, found = (gpd.read_file(path, layer=name) for path in (whole, parts))
        assert_geodataframe_equal(found, expected)
        infos = [pyogrio.read_info(path, layer=name) for path in (whole, parts)]
        assert infos[0]['layer_metadata'] == infos[1]['layer_metadata']
