import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from rasterio.crs import CRS

from dfpenet_mm.errors import VectorFormatError
from postproc.reference.reference_vector import read_polygons

UTM = CRS.from_epsg(32654)
ONE, OTHER = shapely.box(5e5, 47e5, 500_010, 4_700_010), shapely.box(6e5, 47e5, 6e5 + 9, 47e5 + 9)


def write(path, geometries, **fields):
    gpd.GeoDataFrame(fields, geometry=geometries, crs='EPSG:32654').to_file(path)
    return path


def test_every_part_remembers_its_record(tmp_path):
    both = shapely.MultiPolygon([ONE, OTHER])
    path = write(tmp_path / 'a.gpkg', [shapely.Point(0, 0), both, ONE], id=[7, 8, 9])

    landslides, ignored = read_polygons(path, UTM)

    assert landslides['id'].tolist() == [8, 8, 9]
    assert landslides['fid'].tolist() == [2, 2, 3]
    assert ignored == 1


def test_without_ids_there_are_record_numbers_only(tmp_path):
    landslides, _ = read_polygons(write(tmp_path / 'a.gpkg', [ONE]), UTM)

    assert list(landslides.columns) == ['fid', 'geometry']


def test_own_crs_is_kept_if_none_is_wanted(tmp_path):
    path = tmp_path / 'a.geojson'
    gpd.GeoDataFrame(geometry=[ONE], crs='EPSG:32654').to_crs(4326).to_file(path)

    assert read_polygons(path, None)[0].crs.to_epsg() == 4326
    assert read_polygons(path, UTM)[0].crs.to_epsg() == 32654


def test_only_a_prediction_may_be_empty(tmp_path):
    path = write(tmp_path / 'empty.gpkg', [])

    landslides, ignored = read_polygons(path, UTM, role='prediction', may_be_empty=True)

    assert (len(landslides), ignored) == (0, 0)
    with pytest.raises(VectorFormatError, match=r'the reference .* has no feature'):
        read_polygons(path, UTM)
    points = write(tmp_path / 'points.gpkg', [shapely.Point(0, 0)])
    with pytest.raises(VectorFormatError, match=r'the prediction .* no polygon'):
        read_polygons(points, UTM, role='prediction', may_be_empty=True)


def test_a_table_is_no_inventory(tmp_path):
    path = tmp_path / 'table.gpkg'
    pyogrio.write_dataframe(pd.DataFrame({'id': [1]}), path, layer='table', driver='GPKG')

    with pytest.raises(VectorFormatError) as caught:
        read_polygons(path, UTM)
    assert '\n' not in str(caught.value)
