import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.inventory.measures import areas_m2, measure

# A bent landslide, metres about its place.
LANDSLIDE = shapely.Polygon([(0, 0), (700, 80), (900, 400), (500, 300), (80, 350)]).difference(
    shapely.box(300, 150, 400, 200)
)


def place(polygon, lon, lat):
    """Lay metres about (lon, lat) out as degrees: Lambert's equal-area plane, not ours."""
    plane = f'+proj=laea +lon_0={lon} +lat_0={lat} +datum=WGS84'
    return gpd.GeoDataFrame(geometry=[polygon], crs=plane).to_crs('EPSG:4326')


@pytest.mark.parametrize('degrees', [0, 27, 117])
def test_planar_measures_of_a_turned_rectangle(degrees):
    rectangle = shapely.affinity.rotate(shapely.box(0, 0, 300, 40), degrees)
    rectangle = shapely.affinity.translate(rectangle, 500_000, 4_700_000)

    row = measure(gpd.GeoDataFrame(geometry=[rectangle], crs='EPSG:32654')).iloc[0]

    assert row.area_m2 == pytest.approx(12_000)
    assert row.perimeter_m == pytest.approx(680)
    assert row.length_m == pytest.approx(300)
    assert row.width_m == pytest.approx(40)
    assert row.lw_ratio == pytest.approx(7.5)
    assert (row.centroid_x, row.centroid_y) == pytest.approx((500_150, 4_700_020))
    # The central meridian of zone 54 is 141 degrees east.
    assert (row.lon, row.lat) == pytest.approx((141.0018, 42.4516), abs=2e-3)


def test_rectangle_is_the_one_of_least_area_not_the_upright_one():
    diamond = shapely.Polygon([(0, 0), (10, 10), (0, 20), (-10, 10)])

    row = measure(gpd.GeoDataFrame(geometry=[diamond], crs='EPSG:32654')).iloc[0]

    assert row.length_m == pytest.approx(200**0.5)
    assert row.lw_ratio == pytest.approx(1)


def test_feet_become_metres():
    # EPSG:2227 (California, zone 3) counts US survey feet.
    square = gpd.GeoDataFrame(geometry=[shapely.box(6e6, 2e6, 6e6 + 100, 2e6 + 100)], crs=2227)

    row = measure(square).iloc[0]

    assert row.area_m2 == pytest.approx((100 * 1200 / 3937) ** 2)
    assert row.length_m == pytest.approx(100 * 1200 / 3937)
    assert row.centroid_x == pytest.approx(6e6 + 50)


@given(lon=st.floats(-180, 180), lat=st.floats(-75, 75))
@settings(max_examples=40, deadline=None)
def test_degrees_measure_as_on_the_ellipsoid(lon, lat):
    polygon = place(LANDSLIDE, lon, lat)

    row = measure(polygon).iloc[0]

    area, _ = pyproj.Geod(ellps='WGS84').geometry_area_perimeter(
        shapely.orient_polygons(polygon.geometry[0])
    )
    exact = measure(gpd.GeoDataFrame(geometry=[LANDSLIDE], crs='EPSG:32654')).iloc[0]
    if lon < 179.98 and lon > -179.98:
        assert row.area_m2 == pytest.approx(area, rel=1e-5)
        assert row.lat == pytest.approx(lat, abs=0.01)
    fields = ['area_m2', 'perimeter_m', 'length_m', 'width_m', 'lw_ratio']
    np.testing.assert_allclose(row[fields].astype(float), exact[fields].astype(float), rtol=1e-4)


def test_long_landslide_stays_within_a_thousandth():
    runout = shapely.affinity.rotate(shapely.box(0, 0, 20_000, 1_500), 40)

    row = measure(place(runout, 78.0, 65.0)).iloc[0]

    assert row.length_m == pytest.approx(20_000, rel=1e-3)
    assert row.width_m == pytest.approx(1_500, rel=1e-3)
    assert row.area_m2 == pytest.approx(3e7, rel=1e-3)


def test_web_mercator_is_not_believed():
    polygon = place(LANDSLIDE, 141.9, 42.7)

    areas = areas_m2(polygon.to_crs('EPSG:3857'))

    assert areas == pytest.approx(LANDSLIDE.area, rel=1e-4)


def test_every_polygon_has_its_own_plane():
    places = [(lon, 60.0) for lon in range(-180, 180, 30)]
    regions = gpd.GeoDataFrame(
        geometry=[place(LANDSLIDE, *at).geometry[0] for at in places], crs='EPSG:4326'
    )

    np.testing.assert_allclose(areas_m2(regions), LANDSLIDE.area, rtol=1e-4)


def test_no_region_gives_no_row():
    empty = gpd.GeoDataFrame(geometry=[], crs='EPSG:4326')

    assert measure(empty).shape == (0, 9)
    assert areas_m2(empty).shape == (0,)
