"""The order of a review, and places without a landslide."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import PLACES_TO_CHECK, REVIEWED_AREA
from postproc.inventory.review import (
    LANDSLIDES_A_PLACE,
    empty_places,
    in_review_order,
    prepare_review,
    with_review_columns,
)
from postproc.product import LandslideProduct

CRS = rasterio.CRS.from_epsg(32654)
TEN_METRES = Affine(10, 0, 500_000, 0, -10, 4_700_000)
GRID = RasterGrid(CRS, TEN_METRES, (400, 800))


def landslides(*rows):
    """Squares of 10 m at (row, col) pixels, each with an area and a mean probability."""
    corners = [TEN_METRES @ (col, row) for row, col, _, _ in rows]
    return gpd.GeoDataFrame(
        {
            'area_m2': [float(area) for _, _, area, _ in rows],
            'mean_probability': [chance for *_, chance in rows],
        },
        geometry=[shapely.box(x, y - 10, x + 10, y) for x, y in corners],
        crs=CRS,
    )


def order(table, places=0, seen=None):
    squares = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)] * places, crs=CRS)
    own, others = in_review_order(table, squares, GRID, seen)
    return own['review_order'].tolist(), others['review_order'].tolist()


def test_the_area_expected_to_be_wrong_decides_within_a_cell():
    # 100 * 0.1, 1000 * 0.5, 600 * 1 (unknown), 900 * 0.2, all in the first cell.
    table = landslides((1, 1, 100, 0.9), (2, 2, 1000, 0.5), (3, 3, 600, np.nan), (4, 4, 900, 0.8))

    assert order(table) == ([4, 2, 1, 3], [])


def test_every_cell_has_its_turn_before_one_has_its_second():
    # Cells are 100 pixels wide: the last landslide matters least, and has a cell of its own.
    table = landslides((1, 1, 900, 0.5), (2, 2, 800, 0.5), (3, 3, 700, 0.5), (390, 790, 10, 0.5))

    assert order(table) == ([1, 3, 4, 2], [])


def test_every_fifth_is_a_place_without_a_landslide():
    table = landslides(*[(1, 1, 1000 - number, 0.5) for number in range(9)])

    own, others = order(table, places=2)
    assert LANDSLIDES_A_PLACE == 4
    assert (own, others) == ([1, 2, 3, 4, 6, 7, 8, 9, 11], [5, 10])
    assert order(table.iloc[:1], places=2) == ([1], [2, 3])


def test_what_was_seen_comes_last():
    table = landslides((1, 1, 900, 0.5), (2, 2, 800, 0.5), (3, 3, 700, 0.5))

    assert order(table, places=1, seen=np.array([True, False, False])) == ([4, 1, 2], [3])


@pytest.fixture
def product(tmp_path):
    mask = np.zeros(GRID.shape, np.uint8)
    mask[:, :150] = 255
    mask[200:] = 1
    path = tmp_path / 'mask.tif'
    profile = {'crs': CRS, 'transform': TEN_METRES, 'height': 400, 'width': 800, 'nodata': 255}
    with rasterio.open(path, 'w', driver='GTiff', count=1, dtype='uint8', **profile) as dataset:
        dataset.write(mask, 1)
    nothing = landslides()
    return LandslideProduct(landslides=nothing, grid=GRID, rasters={'mask': path}, out_dir=tmp_path)


def test_places_lie_apart_on_mapped_ground_without_a_landslide(product):
    windows = empty_places(product, 20)

    assert windows == empty_places(product, 20)
    assert len(windows) == 20
    assert all(window.col_off >= 150 and window.row_off + 32 <= 200 for window in windows)
    boxes = [
        shapely.box(w.col_off, w.row_off, w.col_off + w.width, w.row_off + w.height)
        for w in windows
    ]
    assert shapely.union_all(boxes).area == 20 * 32 * 32


def test_an_inventory_is_prepared_with_empty_columns_and_layers(product):
    table, layers = prepare_review(landslides((100, 300, 900, 0.5)), product)

    assert table.columns.tolist() == [
        *('area_m2', 'mean_probability'),
        *('review', 'reviewer', 'reviewed_at', 'comment', 'review_order', 'geometry'),
    ]
    assert table['review'].tolist() == ['unreviewed']
    assert table[['reviewer', 'reviewed_at', 'comment']].isna().all(axis=None)
    assert [layer.name for layer in layers] == [REVIEWED_AREA, PLACES_TO_CHECK]
    area, places = (layer.table for layer in layers)
    assert (len(area), area.columns.tolist()) == (
        0,
        ['reviewer', 'reviewed_at', 'comment', 'geometry'],
    )
    assert len(places) == 10
    assert sorted([*table['review_order'], *places['review_order']]) == list(range(1, 12))


def test_columns_of_an_earlier_review_stay():
    table = landslides((1, 1, 1, 1.0)).assign(review=['edited'], comment=['mine'])
    wide = with_review_columns(table)

    assert wide['review'].tolist() == ['edited']
    assert wide['comment'].tolist() == ['mine']
    assert wide['review_order'].tolist() == [0]
