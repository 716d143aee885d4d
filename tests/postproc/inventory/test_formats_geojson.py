"""RFC 7946: WGS 84, right-hand rule, precision, antimeridian."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rasterio.features import shapes

from dfpenet_mm.vocabulary import LANDSLIDES
from postproc.inventory.formats import write_geojson
from postproc.inventory.layer import Layer


def written(geometries, crs, path, pixel_m=10.0):
    table = gpd.GeoDataFrame({'id': range(len(geometries))}, geometry=geometries, crs=crs)
    write_geojson([Layer(LANDSLIDES, 'landslides', table, pixel_m)], path, '{}')
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


@settings(max_examples=40)
@given(
    mask=arrays.arrays(bool, (8, 8)),
    pixel=st.sampled_from([0.005, 0.01, 0.02, 0.05, 0.3, 1.0, 10.0]),
    turn=st.floats(0, 90),
    crs=st.sampled_from(['EPSG:32654', 'EPSG:32733', 'EPSG:3413']),
)
def test_outlines_of_small_pixels_keep_their_shape(mask, pixel, turn, crs, tmp_path_factory):
    # GDAL takes what is within 1e-8 degrees of a whole degree for that.
    corner = Affine.translation(500_123.4, 4_700_000)
    transform = corner @ Affine.rotation(turn) @ Affine.scale(pixel, -pixel)
    found = shapes(mask.astype(np.uint8), mask, 8, transform)
    outlines = shapely.make_valid(np.array([shapely.geometry.shape(shape) for shape, _ in found]))
    if not len(outlines):
        return
    path = tmp_path_factory.mktemp('json') / 'a.geojson'

    collection = written(list(outlines), crs, path, pixel)

    table = gpd.read_file(path)
    assert table.is_valid.all()
    back = shapely.area(table.geometry.to_crs(crs).to_numpy())
    np.testing.assert_allclose(back, shapely.area(outlines), rtol=0.06)
    if pixel >= 1:
        assert all(np.round(ring, 7).tolist() == ring for _, ring in rings(collection))


def test_an_outline_finer_than_its_pixels_gets_more_decimals(tmp_path):
    """As simplifying may leave it: here gaps of 2 mm beside pixels of 10 m."""
    x, y = 500_123, 4_700_000
    hook = np.array([(0, 0), (9, 0), (9, 4), (1, 2e-3), (1, 4), (0, 4), (0, 0)])
    places = [np.add(hook, (x + 20 * number, y + 1e-3 * number)) for number in range(12)]

    written(shapely.polygons(places).tolist(), 'EPSG:32654', tmp_path / 'a.geojson')

    back = gpd.read_file(tmp_path / 'a.geojson').to_crs('EPSG:32654').geometry.to_numpy()
    assert shapely.is_valid(back).all()
    off = shapely.hausdorff_distance(shapely.boundary(back), shapely.linestrings(places))
    assert off.max() < 1e-3
