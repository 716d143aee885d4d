import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from dfpenet_mm.errors import OutputError
from postproc.evaluation.landslide_comparison import partner_ids, write_match_layers


def test_partners_are_listed_in_the_order_of_the_pairs():
    rows, others = np.array([2, 0, 2]), np.array([1, 0, 0])

    listed = partner_ids(rows, others, np.array([70, 80]), 4)

    assert listed.tolist() == ['70', '', '80,70', '']


def test_a_full_disk_leaves_nothing(tmp_path, full_disk):
    shapes = shapely.box(np.arange(999), 0, np.arange(999) + 1, 1)
    table = gpd.GeoDataFrame({'id': range(999)}, geometry=shapes, crs='EPSG:32654')

    with full_disk(50_000), pytest.raises(OutputError, match=r'm\.gpkg cannot be written'):
        write_match_layers(tmp_path / 'm.gpkg', {'predicted': table}, {})

    assert list(tmp_path.iterdir()) == []


def test_layers_read_back_even_empty(tmp_path):
    one = gpd.GeoDataFrame({'id': [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs='EPSG:32654')

    write_match_layers(tmp_path / 'm.gpkg', {'predicted': one[:0], 'reference': one}, {'a': 1})

    assert [path.name for path in tmp_path.iterdir()] == ['m.gpkg']
    names = [name for name, kind in pyogrio.list_layers(tmp_path / 'm.gpkg') if kind]
    assert names == ['predicted', 'reference']
    back = gpd.read_file(tmp_path / 'm.gpkg', layer='reference')
    assert back['id'].tolist() == [1]
    assert back.crs == one.crs
    assert len(gpd.read_file(tmp_path / 'm.gpkg', layer='predicted')) == 0
    assert pyogrio.read_info(tmp_path / 'm.gpkg', layer='reference')['layer_metadata'] == {
        'DFPENET_MM': '{"a": 1}'
    }
