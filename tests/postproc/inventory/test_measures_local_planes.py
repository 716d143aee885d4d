import geopandas as gpd
import numpy as np
import pytest
import shapely

from postproc.inventory.measures import LocalPlanes, first_vertices


@pytest.mark.parametrize(
    ('crs', 'x', 'y'),
    [
        ('EPSG:32654', 500_000, 4_700_000),
        ('EPSG:2227', 6e6, 2e6),
        ('EPSG:3857', 9e6, 8e6),
        ('EPSG:4326', 179.9995, -20),
    ],
)
def test_points_of_a_plane_find_back_to_the_globe(crs, x, y):
    size = 1e-3 if crs == 'EPSG:4326' else 100
    triangle = shapely.Polygon([(x, y), (x + size, y), (x + size, y + 2 * size)])
    regions = gpd.GeoDataFrame(geometry=[triangle, triangle], crs=crs)
    planes = LocalPlanes(regions)
    corners = shapely.get_coordinates(planes.geometries[0])

    for number, corner in enumerate(corners):
        lons, lats = planes.lon_lat(np.array([corner, corner]))
        expected = shapely.get_coordinates(regions.to_crs('EPSG:4326').geometry)[number]
        assert (lons - expected[0] + 180) % 360 - 180 == pytest.approx(0, abs=1e-10)
        assert lats == pytest.approx(expected[1], abs=1e-10)
    assert corners[0].tolist() == [0, 0]


def test_first_vertex_of_nothing_is_nowhere():
    found = first_vertices(np.array([shapely.Point(1, 2), shapely.Point(), shapely.Point(3, 4)]))

    np.testing.assert_array_equal(found, [[1, 2], [np.nan, np.nan], [3, 4]])


def test_an_equal_area_map_that_stretches_is_not_measured_in_its_plane():
    # The cylindrical equal-area map is twice as wide as high at 60 degrees.
    degree = 1e-3
    square = shapely.box(10, 60, 10 + 2 * degree, 60 + degree)
    regions = gpd.GeoDataFrame(geometry=[square], crs='EPSG:4326')

    sides = [
        shapely.bounds(LocalPlanes(table).geometries)[0, 2:]
        for table in (regions, regions.to_crs('EPSG:6933'))
    ]

    np.testing.assert_allclose(*sides, rtol=1e-6)
