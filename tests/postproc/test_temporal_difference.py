import numpy as np
import pytest

from dfpenet_mm.errors import ConfigError
from postproc.temporal_difference import TemporalDifference

# Landslides of 4 pixels each, upper left (a), upper right (b), lower left (c), lower right (d).
POST = np.array(
    [
        [1, 1, 0, 0, 1, 1],
        [1, 1, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 1, 1],
        [1, 1, 0, 0, 1, 1],
    ]
)
# Before: a wholly there, b a quarter, c without data, d half without data and half not there.
PRE = np.array(
    [
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [255, 255, 0, 0, 0, 0],
        [255, 255, 0, 0, 255, 255],
    ]
)
TRUSTING = {'max_pre_to_post': 1.0}


def by_place(product):
    """Rows by the corner they are in: a, b, c, d."""
    x0, y0 = 500_030, 4_699_970
    centroids = product.landslides.centroid
    names = [
        'abcd'[2 * int(y < y0) + int(x > x0)] for x, y in zip(centroids.x, centroids.y, strict=True)
    ]
    return product.landslides.assign(name=names).set_index('name')


def test_object_mode_takes_whole_landslides_that_were_there(make_product):
    product = TemporalDifference(**TRUSTING)(make_product(POST, pre_mask=PRE))

    rows = by_place(product)
    assert sorted(rows.index) == ['b', 'c', 'd']
    assert (rows.area == 400).all()
    assert rows['pre_coverage'].to_dict() == {'b': 1.0, 'c': 0.0, 'd': 0.5}
    assert rows['pre_share'].drop('c').to_dict() == {'b': 0.25, 'd': 0.0}
    assert np.isnan(rows['pre_share']['c'])
    assert product.rejected['reason'].tolist() == ['100% of it was recognised before the event']
    assert product.rejected['pre_share'].tolist() == [1.0]
    assert product.results['TemporalDifference'] == {
        'pre_event': True,
        'mode': 'object',
        'trusted': True,
        'pre_to_post': 5 / 10,
        'pre_pixels': 5,
        'post_pixels': 10,
        'pixels_valid_in_both': 30,
        'regions_in': 4,
        'regions_out': 3,
        'without_pre_data': 1,
        'with_part_of_pre_data': 1,
        'landslides_cut': 0,
        'area_cut_m2': 0.0,
        'kept_doubtful': 0,
    }
    assert product.rejected['pre_persistence'].tolist() == [1.0]
    assert rows['pre_persistence']['b'] == 1.0
    assert rows['pre_persistence'][['c', 'd']].isna().all()
    assert product.warnings == (
        '1 of 3 landslides has no pre-event data (pre_coverage is 0) and could not be compared',
    )


@pytest.mark.parametrize(('share', 'left'), [(0.2, 'cd'), (0.25, 'bcd'), (1.0, 'abcd')])
def test_share_is_a_limit_that_stays(make_product, share, left):
    hook = TemporalDifference(max_pre_share=share, **TRUSTING)

    assert ''.join(sorted(by_place(hook(make_product(POST, pre_mask=PRE))).index)) == left


@pytest.mark.parametrize(('coverage', 'left'), [(0.5, 'c'), (0.51, 'cd')])
def test_little_pre_event_data_is_no_witness(make_product, coverage, left):
    pre = np.where(PRE == 255, 255, POST)  # everything known was there
    hook = TemporalDifference(min_pre_coverage=coverage, **TRUSTING)

    assert ''.join(sorted(by_place(hook(make_product(POST, pre_mask=pre))).index)) == left


def test_landslide_without_pre_event_data_stays_even_if_any_share_is_too_much(make_product):
    hook = TemporalDifference(max_pre_share=0, min_pre_coverage=0, **TRUSTING)

    product = hook(make_product(POST, pre_mask=np.full((6, 6), 255)))

    assert len(product.landslides) == 4
    assert (product.landslides['pre_coverage'] == 0).all()
    assert product.landslides['pre_share'].isna().all()


def test_pixel_mode_subtracts_and_forms_regions_anew(make_product, read_band):
    post = POST.copy()
    post[0] = 1  # joins a and b
    pre = np.zeros((6, 6))
    pre[:, 2] = 1  # cuts them apart, and c by no pixel
    pre[4:, 4:] = 1  # d is gone
    before = make_product(post, pre_mask=pre)

    hook = TemporalDifference(mode='pixel', max_pre_to_post=1.0, min_persistence=0)
    product = hook(before)

    assert len(before.landslides) == 3
    assert by_place(product).area.to_dict() == {'a': 400.0, 'b': 500.0, 'c': 400.0}
    assert len(product.rejected) == 1
    assert (product.landslides['pre_share'] == 0).all()
    result = product.results['TemporalDifference']
    assert result['landslides_cut'] == 1
    assert result['area_cut_m2'] == pytest.approx(100)
    np.testing.assert_array_equal(read_band(product.rasters['mask']), post)
    assert list(product.out_dir.iterdir()) == []


def test_pixel_mode_does_not_subtract_what_has_no_pre_event_data(make_product):
    product = TemporalDifference(mode='pixel', **TRUSTING)(make_product(POST, pre_mask=PRE))

    assert by_place(product).area.to_dict() == {'b': 300.0, 'c': 400.0, 'd': 400.0}


def test_pixel_mode_keeps_the_rest_of_a_landslide_half_of_which_was_there(make_product):
    pre = PRE.copy()
    pre[4, 4:] = 1  # all of d that has pre-event data

    product = TemporalDifference(mode='pixel', **TRUSTING)(make_product(POST, pre_mask=pre))

    rows = by_place(product)
    assert rows.area['d'] == 200
    assert rows['pre_coverage']['d'] == 0
    assert len(product.rejected) == 1


def test_pixel_mode_does_not_bring_rejected_regions_back(make_product):
    before = make_product(POST, pre_mask=PRE)
    # Row order is that of the first pixel: a, b, c, d.
    before = before.reject(np.array([False, False, True, False]), 'Filter', ['small'])

    product = TemporalDifference(mode='pixel', **TRUSTING)(before)

    assert sorted(by_place(product).index) == ['b', 'd']


def test_a_pre_image_with_landslides_where_the_post_image_has_none(make_product):
    product = TemporalDifference()(make_product(np.zeros((6, 6)), pre_mask=PRE))

    result = product.results['TemporalDifference']
    assert (result['trusted'], result['pre_to_post']) == (False, None)
    assert len(product.landslides) == 0


def test_without_a_pre_image_the_product_passes_and_is_flagged(make_product):
    product = TemporalDifference()(make_product(POST))

    assert len(product.landslides) == 4
    assert (product.landslides['pre_coverage'] == 0).all()
    assert product.landslides[['pre_share', 'pre_persistence']].isna().all(axis=None)
    assert product.results['TemporalDifference'] == {'pre_event': False}
    assert product.warnings == ()


@pytest.mark.parametrize(
    'arguments',
    [
        {'mode': 'objects'},
        {'untrusted': True},
        {'connectivity': 6},
        {'max_pre_share': 1.5},
        {'min_pre_coverage': -0.1},
        {'min_persistence': 1.01},
        {'max_pre_to_post': float('nan')},
    ],
)
def test_refuses_values_out_of_range(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        TemporalDifference(**arguments)
