"""Measures of real landslides, each against another way of measuring."""

from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize

from postproc.inventory.measures import measure
from postproc.masks.polygonise import polygonise

SAMPLE = Path(__file__).parents[2] / 'data' / 'bhuyan_nepal_2015' / 'landslides.fgb'
GEOD = pyproj.Geod(ellps='WGS84')


@pytest.fixture(scope='module')
def landslides():
    return gpd.read_file(SAMPLE)


def geodesic(landslides):
    """Return area and perimeter on the ellipsoid, by Karney's algorithms, outlines made dense."""
    dense = landslides.geometry.segmentize(1.0).to_crs('EPSG:4326')
    areas, perimeters = [], []
    for polygon in shapely.orient_polygons(dense.to_numpy()):
        areas.append(GEOD.geometry_area_perimeter(polygon)[0])
        perimeters.append(GEOD.geometry_length(polygon.boundary))
    return np.array(areas), np.array(perimeters)


def smallest_turned_box(polygon, degrees):
    """Return (length, width, direction of the length) by trying every angle."""
    vertices = shapely.get_coordinates(polygon.convex_hull)
    angles = np.radians(degrees)
    along = vertices @ np.stack([np.cos(angles), np.sin(angles)])
    across = vertices @ np.stack([-np.sin(angles), np.cos(angles)])
    spans = np.ptp(along, axis=0), np.ptp(across, axis=0)
    best = np.argmin(spans[0] * spans[1])
    length, width = spans[0][best], spans[1][best]
    direction = 90 - degrees[best] if length >= width else -degrees[best]
    return max(length, width), min(length, width), direction % 180


def test_planar_and_geodesic_areas_and_perimeters_agree(landslides):
    areas, perimeters = geodesic(landslides)

    in_degrees = measure(landslides.to_crs('EPSG:4326'))

    np.testing.assert_allclose(in_degrees['area_m2'], areas, rtol=1e-6)
    np.testing.assert_allclose(in_degrees['perimeter_m'], perimeters, rtol=1e-6)
    # Map units of UTM are longer or shorter than metres by at most 4e-4 within a zone.
    projected = measure(landslides)
    scale = pyproj.Proj(landslides.crs).get_factors(projected['lon'], projected['lat'])
    np.testing.assert_allclose(projected['area_m2'], areas * scale.areal_scale, rtol=1e-6)
    np.testing.assert_allclose(
        projected['perimeter_m'], perimeters * scale.meridional_scale, rtol=1e-6
    )


def test_area_of_the_publisher(landslides):
    np.testing.assert_allclose(measure(landslides)['area_m2'], landslides['source_area_m2'])


def test_rectangles_are_those_that_trying_every_angle_finds(landslides):
    degrees = np.arange(0, 90, 0.02)
    found = [smallest_turned_box(polygon, degrees) for polygon in landslides.geometry]
    lengths, widths, directions = np.array(found).T

    table = measure(landslides)

    np.testing.assert_allclose(table['length_m'] * table['width_m'], lengths * widths, rtol=2e-3)
    np.testing.assert_allclose(table['length_m'], lengths, rtol=2e-3)
    # From grid north to true north: the angle between the two at the centroid.
    convergence = (
        pyproj.Proj(landslides.crs).get_factors(table['lon'], table['lat']).meridian_convergence
    )
    assert np.abs(convergence).min() > 0.5
    off = (table['azimuth_deg'] - directions - convergence + 90) % 180 - 90
    assert np.abs(off).max() < 0.05


def test_rectangles_are_those_of_opencv(landslides):
    sides = []
    for polygon in landslides.geometry:
        vertices = shapely.get_coordinates(polygon)
        offsets = np.float32(vertices - vertices[0])
        sides.append(sorted(cv2.minAreaRect(offsets)[1]))

    table = measure(landslides)

    np.testing.assert_allclose(table[['width_m', 'length_m']], np.array(sides), rtol=1e-4)


@pytest.mark.parametrize('crs', ['EPSG:4326', 'EPSG:3857', 'EPSG:32644', 'EPSG:6933'])
def test_measures_do_not_depend_on_the_crs(landslides, crs):
    expected = measure(landslides)

    found = measure(landslides.to_crs(crs))

    # Maps that distort are measured on the ellipsoid; UTM a zone away is 1.6e-3 too long.
    np.testing.assert_allclose(found['area_m2'], expected['area_m2'], rtol=4e-3)
    np.testing.assert_allclose(found['length_m'], expected['length_m'], rtol=2e-3)
    off = (found['azimuth_deg'] - expected['azimuth_deg'] + 90) % 180 - 90
    assert np.abs(off).max() < 0.05


@pytest.mark.parametrize(('metres', 'bound'), [(1, 0.93), (5, 0.75), (10, 0.55)])
def test_outlines_survive_the_way_through_a_raster(landslides, tmp_path, metres, bound):
    left, bottom, right, top = landslides.total_bounds
    transform = Affine(metres, 0, left - 50, 0, -metres, top + 50)
    shape = [int((span + 100) / metres) + 1 for span in (top - bottom, right - left)]
    mask = rasterize(landslides.geometry, out_shape=shape, transform=transform, dtype='uint8')
    path = tmp_path / 'mask.tif'
    profile = {'driver': 'GTiff', 'height': shape[0], 'width': shape[1], 'count': 1}
    profile |= {'dtype': 'uint8', 'crs': landslides.crs, 'transform': transform, 'nodata': 255}
    with rasterio.open(path, 'w', compress='deflate', **profile) as dataset:
        dataset.write(mask, 1)

    regions = polygonise(path)

    assert len(regions) == len(landslides)
    one, other = shapely.STRtree(regions.geometry).query(landslides.geometry, 'intersects')
    assert sorted(one) == sorted(other) == list(range(len(landslides)))
    before, after = landslides.geometry.to_numpy()[one], regions.geometry.to_numpy()[other]
    shared = shapely.area(shapely.intersection(before, after))
    iou = shared / shapely.area(shapely.union(before, after))
    assert iou.min() > bound
