import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from rasterio.crs import CRS

from dfpenet_mm.errors import VectorFormatError
from postproc.reference.reference_vector import read_landslides

UTM = CRS.from_epsg(32654)
ONE, OTHER = shapely.box(5e5, 47e5, 500_010, 4_700_010), shapely.box(6e5, 47e5, 6e5 + 9, 47e5 + 9)


def write(path, geometries, **fields):
    gpd.GeoDataFrame(fields, geometry=geometries, crs='EPSG:32654').to_file(path)
    return path


def test_a_feature_is_a_landslide(tmp_path):
    """An analyst joins two polygons in QGIS, and report and evaluation go on agreeing."""
    both = shapely.MultiPolygon([ONE, OTHER])
    path = write(tmp_path / 'a.gpkg', [shapely.Point(0, 0), both, ONE], id=[7, 8, 9])

    found = read_landslides(path, UTM)

    assert found.table['id'].tolist() == [8, 9]
    assert found.table['fid'].tolist() == [2, 3]
    assert found.table.area.tolist() == [181, 100]
    assert found.ignored == 1
    assert found.notes == (
        '1 feature of the reference a.gpkg could not be evaluated: no polygon, or beyond the CRS '
        'of the scene',
    )


@pytest.mark.parametrize('features', [1, 2])
def test_a_dissolved_inventory_is_taken_apart(tmp_path, features):
    boxes = [shapely.box(x, y, x + 5, y + 5) for x in range(0, 100, 10) for y in (0, 20, 40)]
    groups = [shapely.MultiPolygon(boxes[first::features]) for first in range(features)]
    path = write(tmp_path / 'a.gpkg', groups, id=[7, 8][:features])

    found = read_landslides(path, UTM)

    assert len(found.table) == 30
    assert set(found.table['id']) == {7, 8}.intersection([7, 8][:features])
    assert found.table.geom_type.eq('Polygon').all()
    assert f'30 separate areas in {features} feature' in found.notes[0]


def test_a_landslide_whose_parts_touch_is_one(tmp_path):
    corner = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(10, 10, 20, 20)])

    found = read_landslides(write(tmp_path / 'a.gpkg', [corner]), UTM)

    assert (len(found.table), found.notes) == (1, ())


def test_doubled_rows_count_once(tmp_path):
    other_way = shapely.Polygon([(500_010, 4_700_010), *ONE.exterior.coords[2:5]])
    path = write(tmp_path / 'a.gpkg', [OTHER, ONE, ONE, other_way.normalize()], id=[1, 2, 3, 4])

    found = read_landslides(path, UTM)

    assert found.table['id'].tolist() == [1, 2]
    assert found.notes == (
        '2 landslides of the reference a.gpkg left out, with the very outline of another one',
    )


def test_lists_are_no_ids(tmp_path):
    path = tmp_path / 'a.geojson'
    gpd.GeoDataFrame(geometry=[ONE, OTHER], crs='EPSG:32654').to_crs(4326).to_file(path)
    path.write_text(path.read_text().replace('"properties": { }', '"properties": {"id": [1, 2]}'))
    assert '"id": [1, 2]' in path.read_text()

    assert list(read_landslides(path, UTM).table.columns) == ['fid', 'geometry']


def test_without_ids_there_are_record_numbers_only(tmp_path):
    landslides = read_landslides(write(tmp_path / 'a.gpkg', [ONE]), UTM).table

    assert list(landslides.columns) == ['fid', 'geometry']


def test_own_crs_is_kept_if_none_is_wanted(tmp_path):
    path = tmp_path / 'a.geojson'
    gpd.GeoDataFrame(geometry=[ONE], crs='EPSG:32654').to_crs(4326).to_file(path)

    assert read_landslides(path, None).table.crs.to_epsg() == 4326
    assert read_landslides(path, UTM).table.crs.to_epsg() == 32654


def test_only_a_prediction_may_be_empty(tmp_path):
    path = write(tmp_path / 'empty.gpkg', [])

    found = read_landslides(path, UTM, role='prediction', may_be_empty=True)

    assert (len(found.table), found.ignored) == (0, 0)
    with pytest.raises(VectorFormatError, match=r'the reference .* has no feature'):
        read_landslides(path, UTM)
    points = write(tmp_path / 'points.gpkg', [shapely.Point(0, 0)])
    with pytest.raises(VectorFormatError, match=r'the prediction .* no polygon'):
        read_landslides(points, UTM, role='prediction', may_be_empty=True)


def test_a_table_is_no_inventory(tmp_path):
    path = tmp_path / 'table.gpkg'
    pyogrio.write_dataframe(pd.DataFrame({'id': [1]}), path, layer='table', driver='GPKG')

    with pytest.raises(VectorFormatError) as caught:
        read_landslides(path, UTM)
    assert '\n' not in str(caught.value)
