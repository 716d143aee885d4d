import json
import os
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from dfpenet_mm.errors import DfpenetError, InputFileError, VectorFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import areas, mend, read_polygons

UTM54 = rasterio.CRS.from_epsg(32654)


def read(tmp_path, *shapes, crs='EPSG:32654', name='area.gpkg'):
    path = tmp_path / name
    gpd.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(path)
    return read_polygons(path, 'area')


def test_polygons_are_taken_apart_and_mended(tmp_path):
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    pair = MultiPolygon([box(10, 0, 11, 1), box(12, 0, 13, 1)])
    mixed = GeometryCollection([Point(0, 0), box(20, 0, 21, 1)])
    shapes = read(tmp_path, bow_tie, pair, mixed, LineString([(0, 0), (1, 1)])).shapes
    assert len(shapes) == 5
    assert shapes.is_valid.all()
    assert shapes.area.sum() == pytest.approx(2 + 2 + 1)


def test_long_sides_are_bent_on_their_way_into_another_crs(tmp_path):
    """The southern side of a box in degrees is a parallel, not a straight line of the UTM zone."""
    polygons = read(tmp_path, box(138, 40, 144, 42), crs='EPSG:4326')
    (moved,) = polygons.in_crs(UTM54)
    middle = gpd.GeoSeries([Point(141, 40.01)], crs=4326).to_crs(UTM54)[0]
    assert moved.contains(middle)
    straight = Polygon(
        [
            (p.x, p.y)
            for p in gpd.GeoSeries.from_xy([138, 144, 144, 138], [40, 40, 42, 42], crs=4326).to_crs(
                UTM54
            )
        ]
    )
    assert not straight.contains(middle)


def test_the_same_crs_moves_nothing(tmp_path):
    shape = box(500_000, 4_700_000, 500_010, 4_700_020)
    (moved,) = read(tmp_path, shape).in_crs(UTM54)
    np.testing.assert_array_equal(moved.bounds, shape.bounds)


def test_refusals(tmp_path):
    with pytest.raises(InputFileError, match=r'the area .*gone\.gpkg does not exist'):
        read_polygons(tmp_path / 'gone.gpkg', 'area')
    (tmp_path / 'notes.gpkg').write_text('no vector')
    with pytest.raises(InputFileError, match='cannot be read as a vector file'):
        read_polygons(tmp_path / 'notes.gpkg', 'area')
    with pytest.raises(VectorFormatError, match='has no CRS'):
        read(tmp_path, box(0, 0, 1, 1), crs=None, name='bare.gpkg')
    with pytest.raises(VectorFormatError, match='of type Point and no polygon'):
        read(tmp_path, Point(0, 0), name='points.gpkg')
    with pytest.raises(VectorFormatError, match='has no feature'):
        read(tmp_path, name='empty.gpkg')


def test_a_file_of_several_layers_is_refused(tmp_path):
    path = tmp_path / 'two.gpkg'
    for layer in ('a', 'b'):
        gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=UTM54).to_file(path, layer=layer)
    with pytest.raises(VectorFormatError, match='has the layers a, b; give a file with one'):
        read_polygons(path, 'area')


def test_an_outline_that_overlaps_itself_keeps_what_it_surrounds():
    """A ribbon laid round a square of 4 is not empty where its end lies over its beginning."""
    ribbon = Polygon([(0, 0), (10, 0), (10, 10), (0, 10), (0, 4), (6, 4), (6, 6), (4, 6), (4, 0)])
    (mended,) = mend(np.array([ribbon]))
    assert not ribbon.is_valid
    assert mended.is_valid
    assert mended.area == 10**2 - 4**2


def test_areas_keep_what_has_an_area():
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    mixed = GeometryCollection([box(0, 0, 2, 2), LineString([(0, 0), (9, 9)])])
    high = shapely.from_wkt('POLYGON Z ((0 0 5, 1 0 5, 1 1 5, 0 0 5))')

    mended = areas(np.array([None, Point(0, 0), bow_tie, mixed, high, box(0, 0, 1, 1)]))

    assert shapely.area(mended).tolist() == [0, 0, 2, 4, 0.5, 1]
    assert shapely.is_valid(mended).all()
    assert not shapely.has_z(mended).any()
    assert {shape.geom_type for shape in mended} <= {'Polygon', 'MultiPolygon'}


SQUARE = [[141.0, 42.0], [141.1, 42.0], [141.1, 42.1], [141.0, 42.1], [141.0, 42.0]]


def write_geojson(path, *geometries, **properties):
    features = [
        {'type': 'Feature', 'properties': properties, 'geometry': geometry}
        for geometry in geometries
    ]
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
    return path


def polygon(*rings):
    return {'type': 'Polygon', 'coordinates': rings}


def test_rings_that_do_not_close_are_closed(tmp_path):
    hole = [[141.02, 42.02], [141.04, 42.02], [141.04, 42.04]]
    path = write_geojson(
        tmp_path / 'a.geojson', polygon(SQUARE[:-1]), polygon(SQUARE, hole), polygon(SQUARE)
    )

    found = read_polygons(path, 'area')

    np.testing.assert_allclose(found.shapes.area, [0.01, 0.01 - 0.0002, 0.01])
    assert (found.features, found.ignored) == (3, 0)


def test_what_no_ring_can_be_is_left_out(tmp_path):
    path = write_geojson(
        tmp_path / 'a.geojson',
        polygon(SQUARE[:1]),
        polygon(SQUARE[:2]),
        polygon([[0, 0], [1e300, 0], [1e300, 1e300]]),
        polygon([[0, 0], [1e300, 0], [1e300, 1e300], [0, 0]]),
        polygon(),
        None,
        polygon(SQUARE),
    )

    found = read_polygons(path, 'area')

    assert found.shapes.area.tolist() == pytest.approx([0.01])
    assert (found.features, found.ignored, found.records.tolist()) == (7, 6, [6])
    only = write_geojson(tmp_path / 'b.geojson', polygon(SQUARE[:1]))
    with pytest.raises(VectorFormatError, match=r'1 feature of type empty and no polygon'):
        read_polygons(only, 'area')


@pytest.mark.parametrize(
    ('crs', 'sentence'),
    [
        ('ESRI:104905', 'leads to no longitudes and latitudes'),  # Mars
        ('+proj=eqc +R=3396190', 'leads to no longitudes and latitudes'),
        ('EPSG:4978', 'neither projected nor geographic'),
        ('LOCAL_CS["site",UNIT["metre",1]]', 'neither projected nor geographic'),
    ],
)
def test_a_crs_that_leads_nowhere_on_earth_is_refused(tmp_path, crs, sentence):
    gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=crs).to_file(tmp_path / 'a.gpkg')
    with pytest.raises(VectorFormatError, match=sentence) as caught:
        read_polygons(tmp_path / 'a.gpkg', 'area')
    assert '\n' not in str(caught.value)


def test_heights_of_a_crs_are_no_hindrance(tmp_path):
    shape = box(500_000, 4_700_000, 500_010, 4_700_020)
    found = read(tmp_path, shape, crs=rasterio.CRS.from_string('EPSG:32654+5773').to_wkt())
    assert found.in_crs(UTM54)[0].equals(shape)


def test_names_of_gdal(tmp_path, monkeypatch):
    path = tmp_path / 'two.gpkg'
    for layer, side in (('a', 1), ('b', 2)):
        gpd.GeoDataFrame(geometry=[box(0, 0, side, side)], crs=UTM54).to_file(path, layer=layer)
    gpd.GeoDataFrame(geometry=[box(0, 0, 3, 3)], crs=UTM54).to_file(tmp_path / 'c.shp')
    with zipfile.ZipFile(tmp_path / 'c.zip', 'w') as archive:
        for file in tmp_path.glob('c.*'):
            if file.suffix != '.zip':
                archive.write(file, file.name)
    monkeypatch.chdir(tmp_path)
    for name, area in (
        (f'GPKG:{path}:b', 4),
        ('GPKG:two.gpkg:a', 1),
        ('c.zip', 9),
        (f'/vsizip/{tmp_path}/c.zip/c.shp', 9),
        ('/vsizip/c.zip/c.shp', 9),
    ):
        assert read_polygons(Path(name), 'area').shapes.area.tolist() == [area]
    os.mkfifo('pipe')
    with pytest.raises(InputFileError, match='the area pipe is a pipe or a device'):
        read_polygons(Path('pipe'), 'area')
    with pytest.raises(InputFileError, match=r'gone\.zip/a\.shp cannot be read as a vector'):
        read_polygons(Path('/vsizip/gone.zip/a.shp'), 'area')


@pytest.mark.parametrize('west', [179.99, -180.01])
def test_polygons_lie_on_the_turn_of_the_scene(tmp_path, west):
    """One beyond the antimeridian, cut there or jumping, is where the scene runs on."""
    cut = MultiPolygon([box(179.99, 0, 180, 0.01), box(-180, 0, -179.99, 0.01)])
    jumps = Polygon([(179.99, 0), (-179.99, 0), (-179.99, 0.01), (179.99, 0.01)])
    grid = RasterGrid(rasterio.CRS.from_epsg(4326), Affine(1e-3, 0, west, 0, -1e-3, 0.01), (10, 20))
    for number, shape in enumerate((cut, jumps)):
        found = read(tmp_path, shape, crs='EPSG:4326', name=f'{number}.gpkg').on_grid(grid)
        assert shapely.total_bounds(found) == pytest.approx([west, 0, west + 0.02, 0.01])


wild = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, 141.0, 181, -179.9, 1e300, -1e300, 2**70]),
    st.none(),
    st.text(max_size=3),
)
rings = st.lists(st.lists(wild, max_size=4), max_size=5)
geometries = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            'type': st.sampled_from(
                ['Polygon', 'MultiPolygon', 'Point', 'GeometryCollection', 'X']
            ),
            'coordinates': st.one_of(rings, st.lists(rings, max_size=3), wild),
        }
    ),
    st.just(polygon(SQUARE)),
)
properties = st.one_of(
    st.none(),
    st.dictionaries(st.sampled_from(['id', 'a']), st.one_of(wild, st.lists(wild, max_size=2))),
)


@settings(max_examples=150)
@given(
    features=st.lists(st.tuples(geometries, properties), max_size=4),
    cut=st.one_of(st.none(), st.integers(0, 300)),
)
def test_whatever_a_file_holds_is_read_or_refused_in_a_sentence(features, cut, tmp_path_factory):
    """NaN, huge numbers, wrong types, and a file that breaks off."""
    path = tmp_path_factory.mktemp('fuzz') / 'a.geojson'
    listed = [
        {'type': 'Feature', 'geometry': geometry, 'properties': fields}
        for geometry, fields in features
    ]
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': listed})[:cut])
    try:
        found = read_polygons(path, 'area')
        shapes = found.in_crs(UTM54)
    except DfpenetError as error:
        said = str(error)
    else:
        said = ''
        assert shapely.is_valid(shapes).all()
        assert len(shapes) == len(found.records) > 0
        assert found.features >= len(set(found.records.tolist()))
    assert '\n' not in said
