import geopandas as gpd
import shapely

from postproc.inventory.inventory_table import clean_regions

SQUARE = shapely.box(0, 0, 10, 10)
BOW_TIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def table(geometries):
    numbers = range(len(geometries))
    return gpd.GeoDataFrame({'note': numbers}, geometry=geometries, crs='EPSG:32654')


def test_good_regions_pass_untouched():
    regions = table([SQUARE, shapely.MultiPolygon([SQUARE, shapely.box(20, 0, 30, 10)])])

    assert clean_regions(regions) == (regions, 0, 0)
    empty = table([])
    assert clean_regions(empty)[0] is empty


def test_what_is_no_area_goes_and_what_is_broken_is_mended():
    collection = shapely.GeometryCollection([SQUARE, shapely.Point(50, 50)])
    raised = shapely.force_3d(SQUARE, 7)
    line = shapely.LineString([(0, 0), (1, 1)])
    flat = shapely.Polygon([(0, 0), (5, 0), (9, 0)])
    regions = table([None, shapely.Polygon(), line, flat, BOW_TIE, collection, raised, SQUARE])

    found, mended, lost = clean_regions(regions)

    assert found['note'].tolist() == [4, 5, 6, 7]
    assert (mended, lost) == (1, 4)
    assert found.area.tolist() == [50, 100, 100, 100]
    assert found.is_valid.all()
    assert not found.has_z.any()
    assert set(found.geom_type) <= {'Polygon', 'MultiPolygon'}
    assert found.crs == 'EPSG:32654'
    # The caller's table is as it was.
    assert regions.geometry[4] is not None
    assert not regions.is_valid[4]


def test_the_table_that_came_keeps_its_broken_polygon():
    regions = table([SQUARE, BOW_TIE])

    found, mended, _ = clean_regions(regions)

    assert mended == 1
    assert found.is_valid.all()
    assert regions.is_valid.tolist() == [True, False]
