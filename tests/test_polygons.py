import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from dfpenet_mm.errors import InputFileError, VectorFormatError
from dfpenet_mm.polygons import mend, read_polygons

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
