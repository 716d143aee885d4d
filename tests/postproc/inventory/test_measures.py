import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio.features
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.inventory import measures
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

    assert measure(empty).shape == (0, 11)
    assert areas_m2(empty).shape == (0,)


@pytest.mark.parametrize(
    ('crs', 'lon', 'lat'),
    [
        ('EPSG:32654', 143.5, 42.7),  # 2.5 degrees east of the central meridian: 1.7 degrees off
        ('EPSG:32732', 11.0, -33.0),
        ('EPSG:2227', -121.0, 37.5),  # US survey feet
        ('EPSG:3857', 86.0, 60.0),
        ('EPSG:3413', 10.0, 70.0),  # polar: grid north is 55 degrees off
        ('EPSG:6933', 86.0, 50.0),
        ('EPSG:4326', 85.3, 28.2),
        ('EPSG:4326', 180.0, -17.0),
    ],
)
@pytest.mark.parametrize('azimuth', [0.0, 33.0, 90.0, 152.0, 179.99])
def test_azimuth_is_from_true_north(crs, lon, lat, azimuth):
    geod = pyproj.Geod(ellps='WGS84')
    ends = [geod.fwd(lon, lat, azimuth + turn, 200)[:2] for turn in (0, 180)]
    # A strip 400 m by 60 m about a line that runs there.
    corners = [geod.fwd(*end, azimuth + side, 30)[:2] for end in ends for side in (-90, 90)]
    corners = [(x % 360 if lon == 180 else x, y) for x, y in corners]
    strip = gpd.GeoSeries([shapely.MultiPoint(corners).convex_hull], crs='EPSG:4326').to_crs(crs)

    row = measure(strip.to_frame('geometry').set_geometry('geometry')).iloc[0]

    assert (row.azimuth_deg - azimuth + 90) % 180 - 90 == pytest.approx(0, abs=0.05)
    assert 0 <= row.azimuth_deg < 180
    assert (row.length_m, row.width_m) == pytest.approx((400, 60), rel=5e-3)


def test_north_is_0_and_never_180():
    # Due north along meridians, but for rounding to either side.
    pixel = 8.983152841195215e-05
    lons, lats = 141.9 + np.arange(200) * pixel, 42.7 + np.arange(200) * pixel
    # Rings begin in the north-west, as GDAL's do.
    east, south = lons + 2 * pixel, lats - 2 * pixel
    ring = [(lons, lats), (lons, south), (east, south), (east, lats)]
    strips = shapely.polygons(np.moveaxis(np.array(ring), 2, 0))
    table = gpd.GeoDataFrame(geometry=strips, crs='EPSG:4326')

    assert set(measure(table)['azimuth_deg']) == {0.0}


def test_a_square_has_no_direction():
    squares = gpd.GeoDataFrame(
        geometry=[shapely.box(500_000 + x, 4_700_000, 500_010 + x, 4_700_010) for x in (0, 30)],
        crs='EPSG:32654',
    )

    assert measure(squares)['azimuth_deg'].isna().all()
    assert measure(squares.to_crs('EPSG:4326')).shape == (2, 11)


def test_compactness_is_that_of_polsby_and_popper():
    disc = shapely.Point(500_000, 4_700_000).buffer(100, quad_segs=64)
    square, ring = shapely.box(0, 0, 10, 10), disc.difference(disc.buffer(-50))
    table = measure(gpd.GeoDataFrame(geometry=[disc, square, ring], crs='EPSG:32654'))

    # A ring's inner outline counts as well.
    expected = [1, np.pi / 4, 4 * np.pi * (100**2 - 50**2) * np.pi / (2 * np.pi * 150) ** 2]
    assert table['compactness'].tolist() == pytest.approx(expected, rel=1e-3)


MASKS = st.integers(1, 2**20 - 1).map(
    lambda bits: np.array([bits >> place & 1 for place in range(20)], np.uint8).reshape(4, 5)
)


@given(MASKS)
@settings(max_examples=20, deadline=None)
def test_measures_turn_with_the_mask(mask):
    def regions(pixels):
        parts = [
            shapely.geometry.shape(ring)
            for ring, value in rasterio.features.shapes(pixels, mask=pixels > 0, connectivity=4)
            if value
        ]
        moved = [shapely.affinity.scale(part, 10, -10, origin=(0, 0)) for part in parts]
        moved = [shapely.affinity.translate(part, 500_000, 4_700_000) for part in moved]
        return gpd.GeoDataFrame(geometry=moved, crs='EPSG:32654')

    upright = measure(regions(mask))
    for other in (measure(regions(mask.T.copy())), measure(regions(np.rot90(mask).copy()))):
        for column in ('area_m2', 'perimeter_m', 'compactness'):
            np.testing.assert_allclose(np.sort(other[column]), np.sort(upright[column]))
        # Of two rectangles equally small either may be taken: their areas agree.
        areas = [np.sort(table['length_m'] * table['width_m']) for table in (other, upright)]
        np.testing.assert_allclose(*areas)


def test_an_empty_polygon_has_no_measure_and_harms_no_other():
    square = shapely.box(500_000, 4_700_000, 500_010, 4_700_020)
    table = gpd.GeoDataFrame(geometry=[shapely.Polygon(), square], crs='EPSG:32654')

    measures = measure(table)

    assert measures['area_m2'].tolist() == [0, 200]
    assert measures.loc[0].drop(['area_m2', 'perimeter_m']).isna().all()
    assert measures.loc[1, 'lw_ratio'] == pytest.approx(2)


@pytest.mark.parametrize('far', [0, 3_000_000])
def test_measuring_some_at_a_time_changes_nothing(monkeypatch, far):
    # With one far from the zone's middle none is measured in its plane.
    places = [0, 2_000, 4_000, 6_000, far]
    regions = gpd.GeoDataFrame(
        {'note': 'abcde'},
        geometry=[shapely.affinity.translate(LANDSLIDE, 5e5 + x, 47e5) for x in places],
        crs='EPSG:32654',
        index=[4, 7, 1, 0, 2],
    )
    at_once, areas = measure(regions), areas_m2(regions)

    monkeypatch.setattr(measures, 'CHUNK', 2)

    assert measure(regions).equals(at_once)
    assert areas_m2(regions).tolist() == areas.tolist()
    # On the central meridian the map's scale is 0.9996.
    planar = areas[0] == pytest.approx(LANDSLIDE.area, rel=1e-6)
    assert bool(planar) is (far == 0)
    assert len(areas_m2(regions.iloc[:0])) == len(measure(regions.iloc[:0])) == 0
