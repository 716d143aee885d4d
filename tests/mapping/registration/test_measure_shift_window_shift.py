import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from dfpenet_mm.mapping.registration.measure_shift import (
    coarsened,
    directions,
    least_quality,
    shift_between,
)

EVERYWHERE = np.ones((128, 128), bool)


def ground(seed=0, side=128):
    """Three bands of soft texture between 0 and 1."""
    grey = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 1.5)
    grey = (grey - grey.min()) / np.ptp(grey)
    return np.stack([grey, 0.5 * grey, 0.2 + 0.3 * grey])


def measure(post, pre, valid=EVERYWHERE):
    return shift_between(directions(post, EVERYWHERE), directions(pre, valid))


def moved(bands, rows, cols):
    return np.stack([shift(band, (rows, cols), mode='reflect') for band in bands])


@pytest.mark.parametrize(
    ('rows', 'cols'), [(0.4, -1.7), (-3.25, 0.5), (0, 6), (11.3, -9.8)], ids=str
)
def test_a_known_shift_is_found_whatever_the_radiometry(rows, cols):
    post = ground()
    noise = np.random.default_rng(1).normal(0, 0.01, post.shape)
    pre = 4000 * (moved(post, rows, cols).clip(0) ** 0.6 + noise) + 900
    found_rows, found_cols, quality = measure(post, pre)
    assert found_rows == pytest.approx(rows, abs=0.1)
    assert found_cols == pytest.approx(cols, abs=0.1)
    assert quality > 2 * least_quality(128)


def test_an_image_does_not_lie_off_itself():
    rows, cols, quality = measure(ground(), ground())
    assert (rows, cols) == (0, 0)
    assert quality == pytest.approx(1)


@pytest.mark.parametrize('side', [64, 128, 256])
def test_chance_stays_below_the_least_quality(side):
    rng = np.random.default_rng(side)
    valid = np.ones((side, side), bool)
    for _ in range(5):
        noise = [directions(rng.normal(size=(3, side, side)), valid) for _ in range(2)]
        assert shift_between(*noise)[2] < least_quality(side)


def test_without_texture_nothing_is_told():
    flat = np.full((3, 128, 128), 700.0)
    assert measure(ground(), flat) == (0, 0, 0)
    assert measure(flat, flat) == (0, 0, 0)


def test_the_rim_of_nodata_is_no_edge():
    valid = EVERYWHERE.copy()
    valid[:50, :60] = False
    pre = moved(ground(), 2, 3)
    pre[:, ~valid] = 0
    field = directions(pre, valid)
    assert not field[:52, :62].any()
    rows, cols, _ = measure(ground(), pre, valid)
    assert (rows, cols) == pytest.approx((2, 3), abs=0.1)


def test_directions_are_of_length_one_and_know_no_contrast():
    field = directions(ground(), EVERYWHERE)
    np.testing.assert_allclose(np.abs(field), 1)
    np.testing.assert_allclose(directions(300 * ground() + 5, EVERYWHERE), field)
    ramp = np.broadcast_to(np.arange(128.0), (1, 128, 128))
    np.testing.assert_allclose(directions(ramp, EVERYWHERE)[40:50, 40:50], 1)


def test_coarsened_pixels_are_means_of_squares():
    bands = np.arange(32.0).reshape(1, 4, 8)
    valid = np.ones((4, 8), bool)
    valid[0, 5] = False
    means, shown = coarsened(bands, valid, 2)
    np.testing.assert_array_equal(means[0, 0], [4.5, 6.5, 8.5, 10.5])
    np.testing.assert_array_equal(shown, [[True, True, False, True], [True] * 4])
