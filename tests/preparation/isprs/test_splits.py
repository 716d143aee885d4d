import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.preparation.isprs.splits import covering_windows, random_windows

SHAPES = {'area1': (20, 30), 'area3': (16, 16)}


@given(rows=st.integers(1, 40), cols=st.integers(1, 40), size=st.integers(1, 17))
def test_every_pixel_is_new_in_exactly_one_window(rows, cols, size):
    new = np.zeros((rows, cols), int)
    for window in covering_windows({'area1': (rows, cols)}, size=size):
        bottom, right = window.row + window.height, window.col + window.width
        assert (window.height, window.width) == (min(size, rows), min(size, cols))
        assert bottom <= rows
        assert right <= cols
        new[window.row + window.seen_rows : bottom, window.col + window.seen_cols : right] += 1
    assert (new == 1).all()


def test_the_last_windows_are_shifted_back():
    windows = covering_windows({'area1': (10, 15)}, size=10)
    assert windows == [('area1', 0, 0, 10, 10, 0, 0), ('area1', 0, 5, 10, 10, 0, 5)]


def test_random_windows_lie_inside_and_reach_every_place():
    windows = random_windows(SHAPES, size=16, count=200, seed=(0,))
    assert [window.tile for window in windows] == ['area1'] * 200 + ['area3'] * 200
    corners = {(window.row, window.col) for window in windows[:200]}
    assert {row for row, _ in corners} == set(range(5))
    assert {col for _, col in corners} == set(range(15))
    assert {window[1:5] for window in windows[200:]} == {(0, 0, 16, 16)}
    assert all(type(number) is int for number in windows[0][1:])


def test_a_tile_has_its_windows_whichever_others_there_are():
    both = random_windows(SHAPES, size=8, count=5, seed=(1, 0))
    alone = random_windows({'area3': (16, 16)}, size=8, count=5, seed=(1, 0))
    assert both[5:] == alone
    assert random_windows(SHAPES, size=8, count=5, seed=(2, 0)) != both


def test_too_small_a_tile_is_named():
    with pytest.raises(RasterFormatError, match='area3 has 16 x 16 pixels, too few'):
        random_windows(SHAPES, size=17, count=1, seed=(0,))
