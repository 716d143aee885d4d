import numpy as np
import pytest
from affine import Affine

from dfpenet_mm.errors import ConfigError
from postproc.geologic_filter import GeologicFilter

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
        'max_lw_ratio': 5,
        'rejected_small': 1,
        'rejected_thin': 1,
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
    ],
)
def test_refuses_values_out_of_range(arguments):
    with pytest.raises(ConfigError, match='GeologicFilter'):
        GeologicFilter(**arguments)
