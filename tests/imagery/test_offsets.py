"""The offset of reflectance, for every account that a server may give of it."""

from datetime import UTC, datetime

import pytest

from dfpenet_mm.imagery.items import BANDS, SourceAsset, SourceItem
from dfpenet_mm.imagery.offsets import ItemRefusedError, decide_offset

WITH, WITHOUT = dict.fromkeys(BANDS, 1210.0), dict.fromkeys(BANDS, 210.0)
BEFORE, AFTER = datetime(2018, 9, 10, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)


def item(baseline, applied=None, declared=None, time=AFTER, scale=0.0001):
    asset = SourceAsset('a.tif', scale=None if declared is None else scale, offset=declared)
    return SourceItem('S2', 'c', time, dict.fromkeys(BANDS, asset), baseline, applied)


# Baseline x flag x declared offset, as collections have them, and what is to be taken off.
MATRIX = [
    # sentinel-2-c1-l2a: reprocessed, offset in the values, also of old images.
    ('05.00', False, -0.1, BEFORE, 1000),
    ('05.10', False, -0.1, AFTER, 1000),
    ('05.10', None, -0.1, AFTER, 1000),
    # sentinel-2-l2a of Earth Search: taken off, and still declared.
    ('05.09', True, -0.1, AFTER, 0),
    ('04.00', True, 0.0, AFTER, 0),
    ('04.00', False, None, AFTER, 1000),
    ('02.12', False, -0.1, BEFORE, 0),
    ('02.12', False, None, BEFORE, 0),
    # Planetary Computer: the baseline alone.
    ('04.00', None, None, AFTER, 1000),
    ('03.01', None, None, BEFORE, 0),
    # A mirror that harmonises, and one that tells nothing.
    ('05.09', None, 0.0, AFTER, 0),
    (None, None, None, AFTER, 1000),
    (None, None, None, BEFORE, 0),
]


@pytest.mark.parametrize(('baseline', 'applied', 'declared', 'time', 'shift'), MATRIX)
def test_offset_is_taken_off_once(baseline, applied, declared, time, shift):
    lows = WITH if shift else WITHOUT
    decided = decide_offset(item(baseline, applied, declared, time), lows)
    assert (decided.shift, decided.factor) == (shift, 1.0)
    assert 'agree' in decided.check


@pytest.mark.parametrize(('baseline', 'applied', 'declared', 'time', 'shift'), MATRIX)
def test_values_that_disagree_refuse_the_image(baseline, applied, declared, time, shift):
    lows = WITHOUT if shift else WITH
    with pytest.raises(ItemRefusedError, match='--offset 0 or --offset 1000'):
        decide_offset(item(baseline, applied, declared, time), lows)


def test_without_clear_ground_it_is_not_checked():
    decided = decide_offset(item('05.09'), None)
    assert decided.shift == 1000
    assert 'too few clear pixels' in decided.check


def test_a_person_may_decide():
    assert decide_offset(item('05.09', False, -0.1), WITHOUT, asked=0).shift == 0


def test_other_scales_are_brought_to_ten_thousandths():
    decided = decide_offset(item('05.09', None, -0.1, scale=0.0002), dict.fromkeys(BANDS, 600.0))
    assert (decided.shift, decided.factor) == (500, 2.0)


def test_bands_that_differ_are_refused():
    asset = SourceAsset('a.tif', 0.0001, -0.1)
    assets = {**dict.fromkeys(BANDS, asset), 'nir': SourceAsset('b.tif', 0.0001, 0.0)}
    with pytest.raises(ItemRefusedError, match='another offset for every band'):
        decide_offset(SourceItem('S2', 'c', AFTER, assets, '05.09'), WITH)


@pytest.mark.parametrize('low', [800.0, 999.0])
def test_dark_ground_may_be_a_little_negative(low):
    assert decide_offset(item('05.09'), dict.fromkeys(BANDS, low)).shift == 1000
