"""Snow in one corner of the pre-event image must not delete the landslides beneath it."""

import numpy as np
import pytest

from postproc.temporal_difference import TemporalDifference

# A hundred landslides of 4 pixels, in 10 rows of 10.
POST = np.kron(np.ones((10, 10), int), np.pad(np.ones((2, 2), int), ((0, 2), (0, 2))))
# One old landslide in the lower right, and snow on the six upper left: 36 pixels of 192.
OLD = np.zeros((40, 40), int)
OLD[36:38, 36:38] = 1
PATCH = OLD.copy()
PATCH[:7, :12] = 1


@pytest.mark.parametrize('mode', ['object', 'pixel'])
def test_snow_in_a_corner_deletes_nothing_and_is_said(make_product, mode):
    product = TemporalDifference(mode=mode)(make_product(POST, pre_mask=PATCH))

    result = product.results['TemporalDifference']
    assert result['trusted'] is True
    assert (len(product.landslides), result['kept_doubtful']) == (99, 6)
    assert product.landslides.area.tolist() == [400.0] * 99
    assert len(product.rejected) == 1
    (warning,) = product.warnings
    assert warning.startswith('6 of 100 landslides were kept although recognised before')
    assert 'look at pre_share and pre_persistence' in warning
    snowy = product.landslides[product.landslides['pre_share'] == 1]
    assert snowy['pre_persistence'].tolist() == pytest.approx([24 / 84] * 6)


@pytest.mark.parametrize('mode', ['object', 'pixel'])
def test_zero_believes_everything_as_the_paper_does(make_product, mode):
    hook = TemporalDifference(mode=mode, min_persistence=0)

    product = hook(make_product(POST, pre_mask=PATCH))

    assert len(product.landslides) == 93
    assert product.results['TemporalDifference']['kept_doubtful'] == 0
    assert product.warnings == ()


@pytest.mark.parametrize(('limit', 'left'), [(24 / 84, 93), (0.29, 99)])
def test_persistence_is_a_limit_that_removes(make_product, limit, left):
    product = make_product(POST, pre_mask=PATCH)

    for mode in ('object', 'pixel'):
        hook = TemporalDifference(mode=mode, min_persistence=limit)
        assert len(hook(product).landslides) == left


def test_persistence_is_weighed_by_the_pixels_shared(make_product):
    post = np.zeros((4, 12), int)
    post[:, :4] = 1
    pre = np.zeros((4, 12), int)
    pre[0, 0:3] = 1  # three pixels, all still there
    pre[2, 3:12] = 1  # nine pixels, one still there

    (row,) = TemporalDifference()(make_product(post, pre_mask=pre)).landslides.itertuples()

    assert row.pre_share == 4 / 16
    assert row.pre_persistence == pytest.approx((3 * 1 + 1 * 1 / 9) / 4)


def test_pixel_mode_cuts_what_persists_and_leaves_what_does_not(make_product):
    post = np.zeros((4, 12), int)
    post[:, :4] = 1
    pre = np.zeros((4, 12), int)
    pre[0, 0:3] = 1
    pre[2, 3:12] = 1
    hook = TemporalDifference(mode='pixel', max_pre_to_post=1.0)

    product = hook(make_product(post, pre_mask=pre))

    assert product.landslides.area.tolist() == [1300.0]
    assert product.results['TemporalDifference']['kept_doubtful'] == 1
    assert product.landslides['pre_persistence'].tolist() == pytest.approx([1 / 9])


def test_a_grown_landslide_persists_and_is_judged_by_its_share_alone(make_product):
    post = np.zeros((4, 12), int)
    post[:, :4] = 1
    pre = np.zeros((4, 12), int)
    pre[:, :3] = 1
    hook = TemporalDifference(max_pre_to_post=1.0)

    product = hook(make_product(post, pre_mask=pre))

    assert len(product.landslides) == 0
    assert product.warnings == ()


def test_pixels_without_post_event_data_say_nothing_about_persistence(make_product):
    post = np.zeros((4, 12), int)
    post[:, :4] = 1
    post[:, 4:] = 255
    pre = np.ones((4, 12), int)
    hook = TemporalDifference(max_pre_to_post=1.0)

    product = hook(make_product(post, pre_mask=pre))

    assert product.rejected['pre_persistence'].tolist() == [1.0]
