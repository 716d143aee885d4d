import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from dfpenet_mm.errors import ConfigError, InputFileError
from postproc.consistency_evaluator import ConsistencyEvaluator

# Predicted: a hits two reference landslides, b is a false alarm, c only touches a reference.
PREDICTED = np.array(
    [
        [1, 1, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 255],
        [0, 0, 0, 0, 0, 255],
    ]
)
REFERENCE = np.array(
    [
        [1, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1],
    ]
)
PIXELS = {'tp': 2, 'fp': 5, 'fn': 4}
LANDSLIDES = {'tp': 1, 'fp': 2, 'fn': 2}
RATIOS = {'precision': 1 / 3, 'recall': 1 / 3, 'f1': 1 / 3, 'iou': 1 / 5}


def to_vector(mask, path, crs):
    boxes = [
        shapely.box(
            500_000 + 10 * col, 4_699_990 - 10 * row, 500_010 + 10 * col, 4_700_000 - 10 * row
        )
        for row, col in np.argwhere(mask == 1)
    ]
    # One record: the evaluator has to find its four landslides.
    table = gpd.GeoDataFrame(geometry=[shapely.union_all(boxes)], crs='EPSG:32654')
    table.to_crs(crs).to_file(path)
    return path


@pytest.mark.parametrize('kind', ['raster', 'vector'])
def test_counts_by_hand(make_product, write_raster, tmp_path, kind):
    if kind == 'raster':
        reference = write_raster('reference.tif', np.uint8(REFERENCE))
    else:
        reference = to_vector(REFERENCE, tmp_path / 'reference.gpkg', 'EPSG:32654')

    product = ConsistencyEvaluator()(make_product(PREDICTED, reference=reference))

    result = product.results['ConsistencyEvaluator']
    assert {name: result['pixels'][name] for name in PIXELS} == PIXELS
    assert result['landslides'] == LANDSLIDES | RATIOS
    assert result['reference'] == reference.name
    assert (result['reference_landslides'], result['reference_outside']) == (4, 0)
    assert list(product.out_dir.iterdir()) == []


def test_vector_in_degrees_counts_the_same(make_product, tmp_path):
    reference = to_vector(REFERENCE, tmp_path / 'reference.geojson', 'EPSG:4326')
    # What touched may share a hair of area after the CRS's rounding: leave c out.
    predicted = PREDICTED.copy()
    predicted[3] = 0

    product = ConsistencyEvaluator()(make_product(predicted, reference=reference))

    result = product.results['ConsistencyEvaluator']
    assert result['pixels'] | PIXELS | {'fp': 3} == result['pixels']
    assert result['landslides'] | {'tp': 1, 'fp': 1, 'fn': 2} == result['landslides']


def test_rejected_landslides_are_no_longer_predicted(make_product, write_raster):
    reference = write_raster('reference.tif', np.uint8(REFERENCE))
    product = make_product(PREDICTED, reference=reference)
    product = product.reject(np.array([True, False, False]), 'Filter', ['small'])

    product = ConsistencyEvaluator()(ConsistencyEvaluator()(product))

    assert product.results['ConsistencyEvaluator']['landslides']['tp'] == 0
    assert product.results['ConsistencyEvaluator']['landslides']['fn'] == 4
    assert product.results['ConsistencyEvaluator_2'] == product.results['ConsistencyEvaluator']


def test_what_the_reference_does_not_know_is_left_out(make_product, write_raster):
    reference = REFERENCE.copy()
    reference[:2, 5] = 255  # all of b
    path = write_raster('reference.tif', np.uint8(reference), nodata=255)

    result = ConsistencyEvaluator()(make_product(PREDICTED, reference=path)).results

    result = result['ConsistencyEvaluator']
    assert result['pixels']['fp'] == 3
    assert result['landslides']['fp'] == 1


def test_no_prediction_leaves_precision_unknown(make_product, write_raster):
    reference = write_raster('reference.tif', np.uint8(REFERENCE))

    product = ConsistencyEvaluator()(make_product(np.zeros((6, 6)), reference=reference))

    result = product.results['ConsistencyEvaluator']
    assert result['pixels']['precision'] is None
    assert (result['pixels']['recall'], result['pixels']['fn']) == (0, 7)
    assert result['landslides']['fn'] == 4


def test_features_that_are_no_polygons_are_said(make_product, tmp_path):
    path = tmp_path / 'mixed.gpkg'
    geometries = [shapely.box(500_000, 4_699_990, 500_010, 4_700_000), shapely.Point(500_000, 4e6)]
    gpd.GeoDataFrame(geometry=geometries, crs='EPSG:32654').to_file(path)

    product = ConsistencyEvaluator()(make_product(PREDICTED, reference=path))

    assert product.results['ConsistencyEvaluator']['reference_ignored'] == 1
    assert '1 features of the reference mixed.gpkg' in product.warnings[0]


def test_without_reference_it_says_so(make_product):
    product = ConsistencyEvaluator()(make_product(PREDICTED))

    assert product.results['ConsistencyEvaluator'] == {'reference': None}


def test_refuses_bad_values_and_missing_files(make_product, tmp_path):
    with pytest.raises(ConfigError, match='landslide_value'):
        ConsistencyEvaluator(landslide_value=0)
    with pytest.raises(InputFileError, match='does not exist'):
        ConsistencyEvaluator()(make_product(PREDICTED, reference=tmp_path / 'missing.gpkg'))


MASKS = npst.arrays(np.uint8, (7, 7), elements=st.sampled_from([0, 0, 1]))


@given(predicted=MASKS, reference=MASKS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_equal_those_of_pixel_labels(make_product, write_raster, predicted, reference):
    assume(reference.any())
    path = write_raster('reference.tif', reference)

    result = ConsistencyEvaluator()(make_product(predicted, reference=path)).results

    result = result['ConsistencyEvaluator']
    both = (predicted == 1) & (reference == 1)
    assert result['pixels']['tp'] == both.sum()
    assert result['pixels']['fp'] == (predicted - predicted * reference).sum()
    (found, n_found), (true, n_true) = (
        ndimage.label(mask, np.ones((3, 3))) for mask in (predicted, reference)
    )
    hits = len(np.unique(found[both]))
    assert result['landslides']['tp'] == hits
    assert result['landslides']['fp'] == n_found - hits
    assert result['landslides']['fn'] == n_true - len(np.unique(true[both]))
