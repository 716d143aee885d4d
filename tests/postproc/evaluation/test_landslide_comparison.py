import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.landslide_comparison import compare_landslides

X, Y = 500_000, 4_700_000
GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, X, 0, -10, Y), (8, 8))


def box(left, top, right, bottom):
    return shapely.box(X + 10 * left, Y - 10 * bottom, X + 10 * right, Y - 10 * top)


def table(geometries, **fields):
    return gpd.GeoDataFrame(fields, geometry=list(geometries), crs=GRID.crs)


# One reference in two predictions, one prediction over two references, an alarm and a miss.
PREDICTED = np.array(
    [box(0, 0, 2, 1), box(3, 0, 5, 1), box(0, 3, 8, 4), box(0, 6, 1, 7)], dtype=object
)
REFERENCE = np.array(
    [box(1, 0, 4, 1), box(0, 3, 2, 4), box(4, 3, 6, 4), box(7, 7, 8, 8)], dtype=object
)


def test_splits_and_merges_by_hand():
    found = compare_landslides(PREDICTED, REFERENCE, GRID)

    assert (found.counts.tp, found.counts.fp, found.counts.fn) == (3, 1, 1)
    assert (found.splits, found.merges) == (1, 1)


def test_layers_say_who_matched_whom():
    found = compare_landslides(PREDICTED, REFERENCE, GRID, min_overlap=0.6)
    layers = found.tables(table(PREDICTED, id=[40, 30, 20, 10]), table(REFERENCE, fid=[5, 6, 7, 8]))

    predicted, reference = layers['predicted'], layers['reference']
    assert predicted['id'].tolist() == [40, 30, 20, 10]
    assert predicted['status'].tolist() == ['FP', 'FP', 'FP', 'FP']
    assert predicted['overlap_share'].tolist() == pytest.approx([0.5, 0.5, 0.5, 0])
    assert predicted['partner_ids'].tolist() == ['1', '1', '2,3', '']
    assert predicted['area_m2'].tolist() == pytest.approx([200, 200, 800, 100])
    assert reference['status'].tolist() == ['TP', 'TP', 'TP', 'FN']
    assert reference['overlap_share'].tolist() == pytest.approx([2 / 3, 1, 1, 0])
    assert reference['partner_ids'].tolist() == ['40,30', '20', '20', '']
    assert reference['partners'].tolist() == [2, 1, 1, 0]
    assert reference['best_iou'].tolist() == pytest.approx([1 / 4, 1 / 4, 1 / 4, 0])


def test_ids_that_tell_nothing_apart_are_replaced():
    found = compare_landslides(PREDICTED, REFERENCE, GRID)
    layers = found.tables(table(PREDICTED, id=[1, 1, 2, 3]), table(REFERENCE))

    assert layers['predicted']['id'].tolist() == [1, 2, 3, 4]


def test_area_counts_inside_and_matches_beyond():
    # Of the first prediction half lies inside; its only partner lies mostly outside.
    area = EvaluationArea('area', box(0, 0, 1, 8), GRID)

    found = compare_landslides(PREDICTED, REFERENCE, GRID, area=area)

    assert found.predicted_counts.tolist() == [True, False, False, True]
    assert found.reference_counts.tolist() == [False, True, False, False]
    assert (found.counts.tp, found.counts.fp, found.counts.fn) == (1, 1, 0)
    layers = found.tables(table(PREDICTED), table(REFERENCE))
    assert layers['predicted']['status'].tolist() == ['TP', 'not counted', 'not counted', 'FP']


def test_alarms_on_unknown_ground_do_not_count(write_raster):
    unknown = np.zeros((8, 8), np.uint8)
    unknown[:, 4:] = 255
    mask = write_raster('unknown.tif', unknown, nodata=255)
    speck = box(1.1, 1.1, 1.2, 1.2)
    predicted = np.array(
        [
            box(5, 5, 6, 6),
            box(3, 5, 6, 6),
            speck,
            box(6.1, 1.1, 6.2, 1.2),
            box(0, 6, 2, 8),
            box(0, 6, 2, 8),
        ]
    )

    found = compare_landslides(predicted, REFERENCE[:1], GRID, masks=[mask])

    # Smaller than a pixel, or hidden by its twin: both are looked at alone.
    assert found.predicted_counts.tolist() == [False, True, True, False, True, True]
    assert found.counts.fp == 4


def test_empty_sides():
    nothing = np.array([], dtype=object)

    assert compare_landslides(nothing, REFERENCE, GRID).counts.fn == 4
    assert compare_landslides(PREDICTED, nothing, GRID).counts.fp == 4
    layers = compare_landslides(nothing, nothing, GRID).tables(table([]), table([]))
    assert [len(layer) for layer in layers.values()] == [0, 0]
