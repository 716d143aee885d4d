"""RFC 7946: WGS 84, right-hand rule, precision, antimeridian."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from postproc.inventory.layer import LANDSLIDES, Layer
from postproc.inventory.single_layer_formats import write_geojson


def written(geometries, crs, path):
    table = gpd.GeoDataFrame({'id': range(len(geometries))}, geometry=geometries, crs=crs)
    write_geojson([Layer(LANDSLIDES, 'landslides', table)], path, '{}')
    return json.loads(path.read_text())


def rings(collection):
    for feature in collection['features']:
        assert feature['geometry']['type'] == 'MultiPolygon'
        for polygon in feature['geometry']['coordinates']:
            yield from enumerate(polygon)


def test_rings_and_precision(tmp_path):
    square = shapely.box(500_000, 4_700_000, 500_100, 4_700_100)
    holed = square.difference(shapely.box(500_010, 4_700_010, 500_020, 4_700_020))

    collection = written([holed, holed.reverse()], 'EPSG:32654', tmp_path / 'a.geojson')

    assert 'crs' not in collection
    assert len(list(rings(collection))) == 4
    for number, ring in rings(collection):
        # Outer rings anticlockwise, holes clockwise; first point last.
        assert shapely.is_ccw(shapely.LinearRing(ring)) == (number == 0)
        assert ring[0] == ring[-1]
        assert np.round(ring, 7).tolist() == ring
        assert 140.99 < ring[0][0] < 141.01


@pytest.mark.parametrize('crs', ['EPSG:4326', 'EPSG:32601', 'EPSG:3832'])
def test_polygons_are_cut_at_the_antimeridian(tmp_path, crs):
    across = gpd.GeoSeries([shapely.box(179.99, -17.0, 180.02, -16.99)], crs='EPSG:4326')
    if crs != 'EPSG:4326':
        dense = across.segmentize(0.001)
        across = dense.to_crs(crs)

    collection = written(across.tolist(), crs, tmp_path / 'a.geojson')

    parts = [np.array(ring) for _, ring in rings(collection)]
    assert len(parts) == 2
    assert sorted(np.sign(part[:, 0]).sum() > 0 for part in parts) == [False, True]
    widths = sorted(np.ptp(part[:, 0]) for part in parts)
    assert widths == pytest.approx([0.01, 0.02], abs=1e-4)
    assert all(np.abs(part).max() <= 180 for part in parts)
    assert all(shapely.Polygon(part).is_valid for part in parts)
