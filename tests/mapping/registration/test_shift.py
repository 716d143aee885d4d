import pytest

from dfpenet_mm.errors import PreEventError
from dfpenet_mm.mapping.registration.shift import MeasuredShift, WindowShift


def shift_of(*vectors, used=True):
    windows = [WindowShift(0.0, 0.0, dx, dy, 0.5, used) for dx, dy in vectors]
    return MeasuredShift(tuple(windows), pixel_m=10.0, side=256)


def test_a_large_shift_is_refused_with_what_to_do():
    shift = shift_of((30, -40), (30, -41), (31, -40), (200, 7))
    with pytest.raises(PreEventError) as error_info:
        shift.require_small(None, 'before.tif')
    message = str(error_info.value)
    assert 'before.tif lies 50.3 m off' in message
    assert 'x +30.5 m, y -40 m' in message
    assert 'at most 20 m' in message
    assert '--max-shift' in message
    shift.require_small(51, 'before.tif')
    shift_of((19, 0), (19, 0), (19, 0)).require_small(None, 'before.tif')


def test_outliers_do_not_move_the_median_but_disagreement_is_doubt():
    assert shift_of((3, 4), (3, 4), (3, 4), (900, 0)).length_m == pytest.approx(5)
    scattered = shift_of((100, 0), (-80, 30), (10, 100), (10, -90))
    assert not scattered.certain
    assert '4 windows disagree by' in scattered.doubt
    scattered.require_small(1, 'before.tif')
    assert not shift_of((3, 4), (3, 4)).certain
    assert not shift_of((3, 4), (3, 4), (3, 4), used=False).certain
