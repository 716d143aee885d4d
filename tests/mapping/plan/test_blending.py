import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal.windows import hann

from dfpenet_mm.mapping.plan.blending import axis_weights, fade_in
from dfpenet_mm.mapping.plan.windows import axis_offsets


def test_the_edge_is_trimmed_and_the_middle_of_the_overlap_fades():
    weights = fade_in(12, 8)
    # Every other sample of a Hann window twice as fine, without its zero ends.
    fade = hann(2 * 8 + 1)[1::2][:4]
    np.testing.assert_allclose(weights, [0, 0, *fade, 1, 1, 1, 1, 1, 1], atol=1e-12)


def test_a_quarter_overlap_of_512_hides_what_32_pixels_at_the_edge_see():
    left, right = axis_weights((0, 384), 512, 384, 896)
    assert (left[480:] == 0).all()
    assert (right[:32] == 0).all()
    assert left[479] > 0
    assert right[32] > 0


@given(st.integers(1, 120), st.integers(1, 40), st.data())
def test_weights_of_every_pixel_add_up_to_one(size, window, data):
    stride = data.draw(st.integers(1, window))
    offsets = axis_offsets(size, window, stride, data.draw(st.integers(0, 50)))
    total = np.zeros(size)
    for offset, weights in zip(offsets, axis_weights(offsets, window, stride, size), strict=True):
        assert weights.min() >= 0
        total[offset : offset + weights.size] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_tiles_that_do_not_overlap_weigh_exactly_one():
    offsets = axis_offsets(24, 8, 8)
    assert all((weights == 1).all() for weights in axis_weights(offsets, 8, 8, 24))


def test_the_ends_of_the_axis_do_not_fade():
    first, last = axis_weights((0, 6), 8, 6, 14)
    assert (first[:6] == 1).all()
    assert (last[-6:] == 1).all()


@pytest.mark.parametrize('overlap', [2, 3, 4])
def test_the_nearer_window_weighs_more(overlap):
    left, right = axis_weights((0, 8 - overlap), 8, 8 - overlap, 16 - overlap)
    assert left[8 - overlap] > right[0]
    assert left[7] < right[overlap - 1]


def test_windows_at_the_ends_count_only_where_others_do_not():
    rise = fade_in(8, 4)
    first, second, third, last = axis_weights((0, 1, 5, 7), 8, 4, 15)
    np.testing.assert_allclose(first[:1], 1)
    np.testing.assert_allclose(first[1:], 1 - rise[:7], atol=1e-6)
    np.testing.assert_allclose(second[:4], rise[:4], atol=1e-6)
    np.testing.assert_allclose(third[:4], rise[:4], atol=1e-6)
    np.testing.assert_allclose(third[4:], rise[::-1][4:], atol=1e-6)
    np.testing.assert_allclose(last, [0, 0, *(1 - rise[::-1][4:]), 1, 1], atol=1e-6)
