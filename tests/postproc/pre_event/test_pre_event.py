"""A pre-event image with more landslides than the post-event one is not believed."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dfpenet_mm.errors import PreEventError
from postproc.masks.product_rasters import scene_windows
from postproc.pre_event import pre_event
from postproc.pre_event.pre_event import compare_events
from postproc.temporal_difference import TemporalDifference

# Landslides of 4 pixels each, in the corners; before the event snow lies on all of them, but
# the lower left has no data then, and the lower right half.
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
SNOW = np.ones((6, 6), int)
SNOW[4:, :2] = 255
SNOW[5, 4:] = 255


@pytest.mark.parametrize('mode', ['object', 'pixel'])
def test_a_snowy_pre_image_is_not_believed(make_product, mode):
    product = TemporalDifference(mode=mode)(make_product(POST, pre_mask=SNOW))

    assert len(product.landslides) == 4
    assert product.rejected is None
    assert sorted(product.landslides['pre_coverage']) == [0.0, 0.5, 1.0, 1.0]
    warning, blind = product.warnings
    assert '1 of 4 landslides has no pre-event data' in blind
    assert '0.003 km2' in warning  # 30 pixels of 100 m2 before
    assert '0.001 km2' in warning  # 10 after
    assert 'nothing was removed' in warning
    result = product.results['TemporalDifference']
    assert result['trusted'] is False
    assert result['pre_to_post'] == 3.0


def test_trust_looks_at_pixels_valid_in_both_only(make_product):
    post = POST.copy()
    post[2:4] = 255
    pre = np.zeros((6, 6))
    pre[2:4] = 1  # where the post image shows nothing
    pre[0, 0] = 1

    result = TemporalDifference()(make_product(post, pre_mask=pre)).results['TemporalDifference']

    assert (result['pre_pixels'], result['post_pixels']) == (1, 16)
    assert result['pixels_valid_in_both'] == 24


def test_subtracting_the_untrusted_still_spares_what_vanished(make_product):
    product = TemporalDifference(untrusted='subtract')(make_product(POST, pre_mask=SNOW))

    assert len(product.landslides) == 4
    assert product.results['TemporalDifference']['kept_doubtful'] == 3


def test_untrusted_may_be_subtracted_or_be_an_error(make_product):
    before = make_product(POST, pre_mask=SNOW)

    subtracted = TemporalDifference(untrusted='subtract', min_persistence=0)(before)

    assert subtracted.landslides['pre_coverage'].tolist() == [0.0]
    assert 'subtracted nevertheless' in subtracted.warnings[0]
    with pytest.raises(PreEventError, match='give another pre-event image'):
        TemporalDifference(untrusted='error')(before)


@given(masks=npst.arrays(np.uint8, (2, 5, 6), elements=st.sampled_from([0, 0, 0, 1, 1, 255])))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_counts_are_those_of_whole_arrays(make_product, monkeypatch, masks):
    monkeypatch.setattr(pre_event, 'scene_windows', lambda shape: scene_windows(shape, 2))
    post, pre = masks

    areas = compare_events(make_product(post, pre_mask=pre))

    both = [(before, after) for before, after in zip(pre.flat, post.flat, strict=True)]
    known = [pair for pair in both if 255 not in pair]
    assert areas.valid == len(known)
    assert areas.pre == sum(before == 1 for before, _ in known)
    assert areas.post == sum(after == 1 for _, after in known)
