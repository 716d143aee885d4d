"""Reviewed ground on pixels, and reviews that cannot be learnt from."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.crs import CRS as RasterCRS

from dfpenet_mm.errors import GridMismatchError, VectorFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.teaching.ground import read_ground
from tests.teaching.conftest import CRS, PLACE, square, write_review

GRID = RasterGrid(RasterCRS.from_string(CRS), PLACE, (6, 8))
PICTURE = {'.': 255, '0': 0, '1': 1}


def picture(*rows):
    return np.array([[PICTURE[letter] for letter in row] for row in rows], np.uint8)


def labels(path):
    return read_ground(path, None, GRID).labels(GRID)


def test_in_a_reviewed_area_what_stands_is_landslide_and_the_rest_is_not(tmp_path):
    states = ['unreviewed', 'rejected', 'unreviewed']
    shapes = [square(0, 0, 2), square(2, 2, 2), square(0, 6, 2)]
    path = write_review(tmp_path / 'a.gpkg', shapes, states, [square(0, 0, 4)])
    expected = picture('1100....', '1100....', '0000....', '0000....', '........', '........')
    np.testing.assert_array_equal(labels(path), expected)


def test_a_landslide_that_reaches_out_of_the_area_is_known_inside_alone(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(1, 2, 4)], [None], [square(0, 0, 4)])
    expected = picture('0000....', '0011....', '0011....', '0011....', '........', '........')
    np.testing.assert_array_equal(labels(path), expected)


def test_a_judged_landslide_teaches_its_own_ground_and_a_margin(tmp_path):
    grid = RasterGrid(GRID.crs, PLACE, (9, 9))
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 1), square(8, 8, 1)], ['confirmed', ''])
    found = read_ground(path, None, grid).labels(grid)
    assert found[0, 0] == 1
    assert found[0, 3] == 0
    assert found[0, 4] == 255
    assert found[8, 8] == 255
    assert (found == 1).sum() == 1


def test_a_rejected_region_is_background_and_an_added_landslide_in_it_is_one(tmp_path):
    states = ['rejected', 'added']
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 6), square(2, 2, 2)], states)
    found = labels(path)
    assert found[2:4, 2:4].min() == 1
    assert (found == 1).sum() == 4
    assert found[0, 0] == 0


def test_rows_that_finish_moved_to_rejected_count(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 1)], ['confirmed'])
    dropped = {'review': ['rejected', 'unreviewed']}
    table = gpd.GeoDataFrame(dropped, geometry=[square(5, 7, 1), square(5, 0, 1)], crs=CRS)
    table.to_file(path, layer='rejected')
    found = labels(path)
    assert found[5, 7] == 0
    assert found[5, 0] == 255


def test_another_crs_and_a_broken_outline_are_no_hindrance(tmp_path):
    bow = shapely.Polygon([PLACE @ xy for xy in ((0, 0), (4, 4), (4, 0), (0, 4))])
    path = write_review(tmp_path / 'a.gpkg', [bow], ['added'], [square(0, 0, 6)], 'EPSG:4326')
    found = labels(path)
    assert (found[:, :6] != 255).all()
    assert found[0, 2] == 0
    assert found[1, 0] == 1


def test_without_columns_of_a_review_every_landslide_is_the_analysts(tmp_path):
    table = gpd.GeoDataFrame(geometry=[square(0, 0, 2)], crs=CRS)
    table.to_file(tmp_path / 'own.shp')
    area = gpd.GeoDataFrame(geometry=[square(0, 0, 4)], crs=CRS)
    area.to_file(tmp_path / 'area.geojson')
    found = read_ground(tmp_path / 'own.shp', tmp_path / 'area.geojson', GRID).labels(GRID)
    assert (found == 1).sum() == 4
    assert (found == 0).sum() >= 12


def test_contradictions_are_refused(tmp_path):
    shapes = [square(0, 0, 4), square(0, 0, 4)]
    path = write_review(tmp_path / 'a.gpkg', shapes, ['confirmed', 'rejected'])
    with pytest.raises(VectorFormatError, match='landslide and rejected, 1 times, first at 5000'):
        labels(path)


def test_a_word_that_is_no_state_is_refused(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 4)], ['perhaps'])
    with pytest.raises(VectorFormatError, match="'perhaps'"):
        labels(path)


def test_a_map_that_nobody_reviewed_is_refused(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 4)], ['unreviewed'])
    with pytest.raises(VectorFormatError, match=r'nothing of .* was reviewed'):
        labels(path)


def test_a_reviewed_area_beside_the_image_is_refused(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 4)], [None], [square(500, 500, 4)])
    with pytest.raises(GridMismatchError, match='lies beside the image'):
        labels(path)


def test_labels_of_a_part_are_the_part_of_the_labels(tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(1, 2, 3)], ['added'], [square(0, 0, 5)])
    ground = read_ground(path, None, GRID)
    window = rasterio.windows.Window(2, 1, 4, 4)
    part = ground.labels(GRID.window(window))
    np.testing.assert_array_equal(part, ground.labels(GRID)[1:5, 2:6])
