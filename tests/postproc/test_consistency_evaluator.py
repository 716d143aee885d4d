import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from dfpenet_mm.errors import ConfigError, GridMismatchError, InputFileError
from dfpenet_mm.grid import RasterGrid
from postproc.consistency_evaluator import ConsistencyEvaluator
from postproc.registry import EarlyInputs

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
FILES = ['evaluation.gpkg', 'evaluation.png', 'evaluation.tif']
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
    assert sorted(path.name for path in product.out_dir.iterdir()) == FILES


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
    first, second = product.results.values()
    assert second | {'files': first['files']} == first
    assert set(first['files'] + second['files']) == {
        path.name for path in product.out_dir.iterdir()
    }


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
    assert '1 feature of the reference mixed.gpkg' in product.warnings[0]


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

    result = ConsistencyEvaluator(filename=None)(make_product(predicted, reference=path)).results

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


def result_of(product):
    return product.results['ConsistencyEvaluator']


def test_files_say_what_the_result_says(make_product, write_raster):
    path = write_raster('reference.tif', np.uint8(REFERENCE))

    product = ConsistencyEvaluator(filename='check')(make_product(PREDICTED, reference=path))

    result = result_of(product)
    assert result['files'] == ['check.gpkg', 'check.tif', 'check.png']
    with rasterio.open(product.out_dir / 'check.tif') as dataset:
        assert RasterGrid.from_dataset(dataset) == product.grid
        verdicts = dataset.read(1)
    for value, name in enumerate(('tp', 'fp', 'fn'), start=1):
        assert (verdicts == value).sum() == result['pixels'][name]
    assert ((verdicts == 255) == (PREDICTED == 255)).all()
    predicted, reference = (
        gpd.read_file(product.out_dir / 'check.gpkg', layer=name)
        for name in ('predicted', 'reference')
    )
    assert predicted['status'].value_counts().to_dict() == {'FP': 2, 'TP': 1}
    assert reference['status'].value_counts().to_dict() == {'TP': 2, 'FN': 2}
    assert predicted.loc[predicted['status'] == 'TP', 'partners'].tolist() == [2]
    assert (result['split_reference_landslides'], result['merged_predicted_landslides']) == (0, 1)


def test_area_limits_what_counts(make_product, write_raster, write_vector):
    path = write_raster('reference.tif', np.uint8(REFERENCE))
    # The four columns on the left; b lies right of them.
    area = write_vector(
        [shapely.box(500_000, 4_699_000, 500_040, 4_700_000)], name='area.gpkg', wanted='EPSG:4326'
    )
    product = make_product(PREDICTED, reference=path)

    result = result_of(ConsistencyEvaluator(area=str(area))(product))

    assert result['area'] == 'area.gpkg'
    assert result['not_counted'] == {'predicted': 1, 'reference': 1}
    assert result['reference_landslides'] == 3
    assert result['pixels'] | {'tp': 2, 'fp': 3, 'fn': 3} == result['pixels']
    assert result['landslides'] | {'tp': 1, 'fp': 1, 'fn': 1} == result['landslides']


def test_an_area_without_reference_landslides_makes_alarms_of_all(
    make_product, write_raster, write_vector
):
    path = write_raster('reference.tif', np.uint8(REFERENCE))
    area = write_vector([shapely.box(500_050, 4_699_970, 500_060, 4_700_000)], name='area.gpkg')

    product = ConsistencyEvaluator(area=area)(make_product(PREDICTED, reference=path))

    assert result_of(product)['reference_landslides'] == 0
    assert (
        result_of(product)['landslides'] | {'tp': 0, 'fp': 1, 'fn': 0, 'recall': None}
        == (result_of(product)['landslides'])
    )
    assert 'no landslide of the reference reference.tif has half of its area' in product.warnings[0]


def test_tolerance_and_overlap_leave_the_plain_counts_alone(make_product, write_raster):
    path = write_raster('reference.tif', np.uint8(REFERENCE))
    product = make_product(PREDICTED, reference=path)
    plain = result_of(ConsistencyEvaluator(filename=None)(product))

    strict = result_of(
        ConsistencyEvaluator(filename=None, boundary_tolerance_px=1, min_overlap=0.9)(product)
    )

    assert plain['pixels_without_boundary'] is None
    assert strict['pixels'] == plain['pixels']
    # The pixel between two of the reference, and one beside c; of the misses all but two.
    tolerant = strict['pixels_without_boundary']
    assert (tolerant['tp'], tolerant['fp_left_out']) == (2, 2)
    assert (plain['landslides']['tp'], strict['landslides']['tp']) == (1, 0)
    assert strict['landslide_rule'] == {'min_overlap': 0.9, 'overlap': 'share'}


def test_all_landslide_and_overlapping_references(make_product, write_vector):
    everything = shapely.box(500_000, 4_699_940, 500_060, 4_700_000)
    half = shapely.box(500_000, 4_699_940, 500_030, 4_700_000)
    high = shapely.force_3d(half, 7.0)
    path = write_vector([everything, half, high])

    result = result_of(
        ConsistencyEvaluator(min_overlap=1)(make_product(np.ones((6, 6)), reference=path))
    )

    assert result['pixels'] | {'tp': 36, 'fp': 0, 'fn': 0} == result['pixels']
    assert result['landslides'] | {'tp': 1, 'fp': 0, 'fn': 0} == result['landslides']
    assert result['merged_predicted_landslides'] == 1
    # The half comes twice, and counts once.
    assert [row['landslides'] for row in result['recall_by_size']] == [0, 0, 2, 0, 0]


def test_landslides_of_a_site_hook_may_be_broken(make_product, write_raster):
    path = write_raster('reference.tif', np.uint8(REFERENCE))
    product = make_product(PREDICTED, reference=path)
    x, y = 500_000, 4_700_000
    bow_tie = shapely.Polygon([(x, y), (x + 60, y - 60), (x + 60, y), (x, y - 60)])
    table = gpd.GeoDataFrame(geometry=[bow_tie, shapely.Polygon(), None], crs=product.grid.crs)

    product = ConsistencyEvaluator()(product.replace(landslides=table))

    counts = result_of(product)['landslides']
    assert counts['tp'] + counts['fp'] + result_of(product)['not_counted']['predicted'] == 3
    assert counts['tp'] == 1


def test_antimeridian_scene_in_degrees(make_product, write_vector):
    grid = {'crs': 'EPSG:4326', 'transform': Affine(1e-4, 0, 179.9997, 0, -1e-4, 1)}
    mask = np.zeros((6, 6))
    mask[1:3, 1:5] = 1
    # The same pixels, cut at the antimeridian as RFC 7946 wants it.
    halves = [
        shapely.box(179.9998, 0.9997, 180, 0.9999),
        shapely.box(-180, 0.9997, -179.9998, 0.9999),
    ]
    path = write_vector([shapely.MultiPolygon(halves)], name='cut.geojson', crs='EPSG:4326')

    result = result_of(ConsistencyEvaluator()(make_product(mask, reference=path, **grid)))

    assert result['pixels'] | {'tp': 8, 'fp': 0, 'fn': 0} == result['pixels']
    assert result['landslides'] | {'tp': 1, 'fp': 0, 'fn': 0} == result['landslides']


def test_bad_areas_are_refused_before_the_scene_is_mapped(make_product, write_raster, write_vector):
    path = write_raster('reference.tif', np.uint8(REFERENCE))
    product = make_product(PREDICTED, reference=path)
    far = write_vector([shapely.box(0, 0, 1, 1)], name='far.gpkg')
    inputs = EarlyInputs(grid=product.grid, reference=path)

    ConsistencyEvaluator().check(inputs)
    with pytest.raises(GridMismatchError, match=r'evaluation area .* does not overlap'):
        ConsistencyEvaluator(area=far).check(inputs)


@pytest.mark.parametrize(
    'wrong',
    [
        {'boundary_tolerance_px': -1},
        {'boundary_tolerance_px': 51},
        {'min_overlap': 1.1},
        {'overlap': 'both'},
        {'size_classes_m2': (100, 100)},
        {'size_classes_m2': (0, 100)},
        {'filename': 'a/b'},
        {'filename': ''},
        {'landslide_value': 1.5},
    ],
)
def test_refuses_bad_settings(wrong):
    with pytest.raises(ConfigError, match=f'ConsistencyEvaluator {next(iter(wrong))} is'):
        ConsistencyEvaluator(**wrong)


@given(predicted=MASKS, reference=MASKS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_transposed_maps_agree_as_well(make_product, write_raster, predicted, reference):
    assume(reference.any())
    results = []
    for one, other in ((predicted, reference), (predicted.T, reference.T)):
        path = write_raster('reference.tif', other)
        evaluator = ConsistencyEvaluator(filename=None, boundary_tolerance_px=1, min_overlap=0.4)
        results.append(result_of(evaluator(make_product(one, reference=path))))

    assert results[0] == results[1]
    counts = results[0]['landslides']
    assert counts['tp'] + counts['fp'] == ndimage.label(predicted, np.ones((3, 3)))[1]


@pytest.mark.parametrize(
    'transform',
    [
        Affine(10, 0, 500_000, 0, 10, 4_700_000),
        Affine(7, 0, 500_000, 0, -13, 4_700_000),
        Affine(8, 6, 500_000, 6, -8, 4_700_000),
        Affine(0, -10, 500_000, 10, 0, 4_700_000),
    ],
    ids=['south-up', 'oblong', 'rotated', 'turned'],
)
def test_counts_do_not_depend_on_how_the_grid_lies(make_product, write_raster, transform):
    path = write_raster('reference.tif', np.uint8(REFERENCE), transform=transform)

    result = result_of(
        ConsistencyEvaluator()(make_product(PREDICTED, reference=path, transform=transform))
    )

    assert result['pixels'] | PIXELS == result['pixels']
    assert result['landslides'] == LANDSLIDES | RATIOS
