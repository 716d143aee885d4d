import geopandas as gpd
import numpy as np
import shapely

from postproc.inventory.inventory_table import headscarp_points


def test_two_points_a_landslide_none_without_elevations():
    nan = np.nan
    landslides = gpd.GeoDataFrame(
        {
            'id': [1, 2, 3],
            'headscarp_x': [10.0, nan, 30.0],
            'headscarp_y': [11.0, nan, 31.0],
            'headscarp_m': [500.0, nan, 700.0],
            'toe_x': [12.0, nan, 32.0],
            'toe_y': [13.0, nan, 33.0],
            'toe_m': [400.0, nan, 650.0],
        },
        geometry=[shapely.box(0, 0, 1, 1)] * 3,
        crs='EPSG:32654',
    )

    points = headscarp_points(landslides)

    assert list(points.columns) == ['landslide_id', 'kind', 'elevation_m', 'geometry']
    assert points['landslide_id'].tolist() == [1, 1, 3, 3]
    assert points['kind'].tolist() == ['headscarp', 'toe'] * 2
    assert points['elevation_m'].tolist() == [500, 400, 700, 650]
    assert shapely.get_coordinates(points.geometry).tolist() == [
        [10, 11],
        [12, 13],
        [30, 31],
        [32, 33],
    ]
    assert points.crs == 'EPSG:32654'
    assert list(headscarp_points(landslides.iloc[:0]).columns) == list(points.columns)
