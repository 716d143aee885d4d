import json

import numpy as np
import pytest
from affine import Affine

from dfpenet_mm.errors import ConfigError, InputFileError
from postproc.geologic_filter import GeologicFilter
from postproc.registry import EarlyInputs

# Areas of 1, 2, 3 and 6 pixels; the last is a road.
MASK = [
    [1, 0, 1, 1, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [1, 1, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [1, 1, 1, 1, 1, 1],
]


@pytest.mark.parametrize(('gsd', 'minimum'), [(1.5, 37.5), (3.0, 75.0)])
def test_minimum_areas_of_the_paper(make_product, gsd, minimum):
    transform = Affine(gsd, 0, 500_000, 0, -gsd, 4_700_000)
    mask = np.zeros((20, 20), np.uint8)
    mask[0, :16], mask[2:6, :4], mask[10, :2] = 1, 1, 1  # 36, 36 and 4.5 m2 at 1.5 m
    mask[6, 0] = 1  # 38.25 m2 at 1.5 m

    product = GeologicFilter(area_factor=25)(make_product(mask, transform=transform))

    assert product.results['GeologicFilter']['min_area_m2'] == pytest.approx(minimum)
    # 16.7 pixels at 1.5 m and 8.3 at 3 m.
    pixels = product.landslides.area / gsd**2
    assert sorted(round(n) for n in pixels) == ([17] if gsd == 1.5 else [16, 17])


def test_exactly_the_minimum_area_stays_and_the_rest_is_kept_aside(make_product):
    product = GeologicFilter(min_area_m2=300)(make_product(MASK))

    assert sorted(product.landslides.area) == [300.0, 600.0]
    assert list(product.rejected['hook']) == ['GeologicFilter'] * 2
    assert list(product.rejected['reason']) == [
        'area 100.0 m2 is below 300.0 m2',
        'area 200.0 m2 is below 300.0 m2',
    ]


def test_long_thin_regions_go_when_asked(make_product):
    product = GeologicFilter(min_area_m2=200, max_lw_ratio=5)(make_product(MASK))

    assert sorted(product.landslides.area) == [200.0, 300.0]
    reasons = dict(zip(product.rejected.area, product.rejected['reason'], strict=True))
    assert reasons[600.0] == 'length/width 6.0 is above 5'
    assert product.results['GeologicFilter'] == {
        'min_area_m2': 200.0,
        'max_area_m2': None,
        'max_lw_ratio': 5,
        'rejected_small': 1,
        'rejected_large': 0,
        'rejected_thin': 1,
        'rules': [],
    }


def test_what_breaks_both_rules_is_rejected_once_for_its_area(make_product):
    product = GeologicFilter(min_area_m2=250, max_lw_ratio=1.9)(make_product(MASK))

    # One and two pixels are small, the two also thin; the road is thin only.
    result = product.results['GeologicFilter']
    assert (result['rejected_small'], result['rejected_thin']) == (2, 1)
    assert sum('is below' in reason for reason in product.rejected['reason']) == 2


def test_ratio_of_exactly_the_maximum_stays(make_product):
    product = GeologicFilter(min_area_m2=0, max_lw_ratio=6)(make_product(MASK))

    assert len(product.landslides) == 4


def test_degrees_are_filtered_in_square_metres(make_product):
    # At 60 degrees north a pixel of 1e-4 degrees is 5.6 m by 11.1 m: 62 m2.
    transform = Affine(1e-4, 0, 25.0, 0, -1e-4, 60.0)
    product = make_product(MASK, crs='EPSG:4326', transform=transform)

    assert len(GeologicFilter(min_area_m2=100)(product).landslides) == 3
    assert len(GeologicFilter(min_area_m2=130)(product).landslides) == 2


def test_empty_product_passes(make_product):
    product = GeologicFilter(area_factor=25, max_lw_ratio=3)(make_product(np.zeros((3, 3))))

    assert len(product.landslides) == 0
    assert product.rejected is None


@pytest.mark.parametrize(
    'arguments',
    [
        {},
        {'min_area_m2': 1, 'area_factor': 25},
        {'min_area_m2': -1},
        {'area_factor': float('nan')},
        {'area_factor': 25, 'max_lw_ratio': 0.5},
        {'area_factor': 25, 'max_area_m2': -1},
        {'area_factor': 25, 'rules': {'layer': 'slope', 'min': 5}},
        {'area_factor': 25, 'rules': 'slope'},
    ],
)
def test_refuses_values_out_of_range(arguments):
    with pytest.raises(ConfigError, match='GeologicFilter'):
        GeologicFilter(**arguments)


def test_large_regions_go_when_asked(make_product):
    product = GeologicFilter(min_area_m2=0, max_area_m2=300)(make_product(MASK))

    assert product.rejected['reason'].tolist() == ['area 600.0 m2 is above 300.0 m2']
    assert product.results['GeologicFilter']['rejected_large'] == 1


def test_rules_reject_and_keep_their_statistic(make_product, write_raster):
    # One pixel of 1, two of 2, three of 3; under the road there is no data.
    wet = np.tile([1.0, 1, 2, 2, 2, 2], (6, 1))
    wet[2:4], wet[5] = 3, np.nan
    layer = write_raster('wet.tif', wet)
    rule = {'layer': 'wet', 'statistic': 'median', 'min': 1.5, 'max': 2.5}

    kept = GeologicFilter(min_area_m2=0, rules=[rule])(
        make_product(MASK).replace(layers={'wet': layer})
    )
    strict = GeologicFilter(min_area_m2=150, rules=[rule | {'missing': 'reject'}])(
        make_product(MASK).replace(layers={'wet': layer})
    )

    # Two pixels of 2 stay, and the road, of which nothing is known.
    np.testing.assert_array_equal(kept.landslides['wet_median'], [2, np.nan])
    assert dict(zip(kept.rejected['reason'], kept.rejected['wet_median'], strict=True)) == {
        'wet median 1 is below 1.5': 1,
        'wet median 3 is above 2.5': 3,
    }
    result = {
        'layer': 'wet',
        'statistic': 'median',
        'min': 1.5,
        'max': 2.5,
        'resampling': 'bilinear',
    }
    assert kept.results['GeologicFilter']['rules'] == [
        result | {'missing': 'keep', 'rejected': 2, 'without_data': 1}
    ]
    assert kept.warnings == (
        "1 of 4 landslides lacks data in the layer 'wet' and was kept without it",
    )
    # The first region is too small already.
    assert strict.rejected['reason'].tolist() == [
        'area 100.0 m2 is below 150.0 m2',
        'wet median 3 is above 2.5',
        'wet median is unknown, the layer lacks data there',
    ]
    assert strict.results['GeologicFilter']['rules'][0]['rejected'] == 2
    assert strict.results['GeologicFilter']['rejected_small'] == 1
    assert 'was rejected' in strict.warnings[0]


def test_flat_ground_is_no_landslide(make_product, write_raster):
    """A slope in the left half of the scene, a plain in the right half."""
    x = np.arange(-20, 26)
    dem = np.tile(np.where(x < 1.5, -8.0 * x, -12.0), (46, 1))
    transform = Affine(10, 0, 499_800, 0, -10, 4_700_200)
    product = make_product(MASK).replace(
        layers={'dem': write_raster('dem.tif', dem, transform=transform)}
    )

    product = GeologicFilter(min_area_m2=0, rules=[{'layer': 'slope', 'min': 15}])(product)

    assert sorted(product.landslides.area) == [100, 300]
    assert sorted(product.rejected.area) == [200, 600]
    assert (product.landslides['slope_mean'] > 25).all()
    assert (product.rejected['slope_mean'] < 15).all()


def test_a_doubtful_dem_is_said(make_product, write_raster):
    dem = np.full((6, 6), 100.0)
    dem[0, 5] = -9999
    product = make_product(MASK).replace(layers={'dem': write_raster('dem.tif', dem)})

    product = GeologicFilter(min_area_m2=0, rules=[{'layer': 'elevation', 'min': 0}])(product)

    assert 'declares its nodata value' in product.warnings[0]


def test_checks_its_layers_early(make_product, tmp_path):
    grid = make_product(MASK).grid
    slope = GeologicFilter(min_area_m2=0, rules=[{'layer': 'slope', 'min': 15}])

    GeologicFilter(min_area_m2=0).check(EarlyInputs(grid=grid))
    with pytest.raises(ConfigError, match='--dem PATH'):
        slope.check(EarlyInputs(grid=grid))
    with pytest.raises(InputFileError, match='does not exist'):
        slope.check(EarlyInputs(grid=grid, layers={'dem': tmp_path / 'none.tif'}))
    with pytest.raises(ConfigError, match='smallest area kept 250 m2, so nothing would pass'):
        GeologicFilter(area_factor=25, max_area_m2=200).check(EarlyInputs(grid=grid))


def test_rules_are_plain_values_in_the_summary(make_product, write_raster):
    layer = write_raster('wet.tif', np.ones((6, 6)))
    product = make_product(MASK).replace(layers={'wet': layer})

    product = GeologicFilter(min_area_m2=0, rules=[{'layer': 'wet', 'max': 3}])(product)

    json.dumps(dict(product.results))


def test_two_rules_may_not_fill_one_column_from_other_bands():
    rules = [{'layer': 'ndvi', 'raster': 's2', 'red': 1, 'nir': nir, 'min': 0} for nir in (2, 3)]
    with pytest.raises(ConfigError, match="'ndvi_s2_mean' from other bands"):
        GeologicFilter(min_area_m2=0, rules=rules)
