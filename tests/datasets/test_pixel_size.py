"""Crops in pixels of another size: exact small cases, and what holds for all."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.datasets import RandomPixelSize
from dfpenet_mm.engine.sample_stream import seed_generators
from dfpenet_mm.errors import ConfigError

RNG = np.random.default_rng(0)
CHIP = RNG.integers(0, 256, (12, 12, 3), np.uint8)
LABELS = RNG.integers(0, 2, (12, 12)).astype(np.uint8)


def shown(size, own=1.0, image=CHIP, labels=LABELS, crop=(6, 6), **settings):
    """The chip in pixels of one size."""
    transform = RandomPixelSize(pixel_sizes=(size, size), crop_size=crop, seek=0, **settings)
    given = {'img': image.copy(), 'gt_seg_map': labels.copy(), 'pixel_size': own}
    return transform(given)


def test_doubled_pixels_are_means_of_four():
    result = shown(20.0, own=10.0)
    means = CHIP.reshape(6, 2, 6, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(result['img'], means, atol=1e-3)
    assert result['img'].dtype == np.float32
    assert result['img_shape'] == (6, 6)


def test_most_of_the_area_gives_the_label():
    labels = np.array(
        [
            [1, 1, 0, 0, 0, 0],
            [1, 0, 1, 0, 0, 0],
            [2, 2, 255, 255, 1, 0],
            [2, 1, 255, 1, 0, 1],
        ],
        np.uint8,
    )
    image = np.zeros((4, 6, 3), np.uint8)
    result = shown(2.0, image=image, labels=labels, crop=(2, 3))['gt_seg_map']
    np.testing.assert_array_equal(result, [[1, 0, 0], [2, 255, 0]])
    assert result.dtype == np.uint8


def test_smaller_pixels_are_interpolated():
    image = np.zeros((3, 3, 1), np.uint8)
    image[1, 1] = 100
    result = shown(0.5, image=image, labels=image[..., 0] // 100, crop=(6, 6))
    # OpenCV aligns corners of pixels: the middle's four parts lie a quarter off its centre.
    np.testing.assert_allclose(result['img'][2:4, 2:4, 0], 100 * 0.75**2)
    assert result['gt_seg_map'].sum() == 4
    assert result['gt_seg_map'][2:4, 2:4].all()


def test_own_pixels_stay_as_they_are():
    for result in (
        shown(1.0, crop=(12, 12)),
        shown(7.0, crop=(12, 12), as_is=1.0),
    ):
        np.testing.assert_array_equal(result['img'], CHIP)
        np.testing.assert_array_equal(result['gt_seg_map'], LABELS)


def test_what_lacks_is_mirrored_with_its_labels():
    np.random.seed(0)  # noqa: NPY002
    places = set()
    for _ in range(30):
        result = shown(1.0, crop=(16, 16))
        (place,) = (
            (top, left)
            for top in range(5)
            for left in range(5)
            if (result['img'][top : top + 12, left : left + 12] == CHIP).all()
        )
        places.add(place)
        top, left = place
        sides = ((top, 4 - top), (left, 4 - left))
        np.testing.assert_array_equal(
            result['img'], np.pad(CHIP, (*sides, (0, 0)), mode='reflect').astype(np.float32)
        )
        np.testing.assert_array_equal(result['gt_seg_map'], np.pad(LABELS, sides, mode='reflect'))
    assert len(places) > 10


def test_landslides_are_sought():
    labels = np.zeros((200, 200), np.uint8)
    labels[60:75, 120:135] = 1
    image = np.zeros((200, 200, 3), np.uint8)
    hits = []
    for seek in (0.0, 1.0):
        transform = RandomPixelSize(pixel_sizes=(1, 1), crop_size=(32, 32), seek=seek)
        np.random.seed(0)  # noqa: NPY002
        results = [
            transform({'img': image, 'gt_seg_map': labels, 'pixel_size': 1.0}) for _ in range(100)
        ]
        hits.append(sum(result['gt_seg_map'].any() for result in results))
    assert hits[1] > 2 * hits[0]


def test_sizes_are_drawn_evenly_in_their_logarithm():
    np.random.seed(0)  # noqa: NPY002
    transform = RandomPixelSize(pixel_sizes=(0.5, 8), as_is=0.2)
    sizes = np.array([1 / transform.draw(1.0) for _ in range(2000)])
    assert 0.17 < (sizes == 1).mean() < 0.23
    drawn = np.log2(sizes[sizes != 1])
    assert -1 <= drawn.min() < -0.95
    assert 2.95 < drawn.max() <= 3
    assert abs(np.histogram(drawn, 4, (-1, 3))[0] / len(drawn) - 0.25).max() < 0.03


@given(
    own=st.floats(0.2, 20),
    size=st.floats(0.2, 20),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    bands=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_any_sample_fills_the_crop_within_its_values(own, size, shape, bands, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*shape, bands), np.uint8)
    labels = rng.choice([0, 1, 255], shape).astype(np.uint8)
    results = []
    for _ in range(2):
        seed_generators(seed, 5)
        results.append(shown(size, own, image, labels, crop=(8, 9)))
    first, second = results
    assert first['img'].shape == (8, 9, bands)
    assert first['gt_seg_map'].shape == (8, 9)
    assert image.min() - 1e-3 <= first['img'].min() <= first['img'].max() <= image.max() + 1e-3
    assert set(np.unique(first['gt_seg_map'])) <= set(np.unique(labels))
    np.testing.assert_array_equal(first['img'], second['img'])
    np.testing.assert_array_equal(first['gt_seg_map'], second['gt_seg_map'])


@given(st.floats(1.0, 6.0))
def test_larger_pixels_keep_the_mean_of_the_ground(factor):
    image = np.random.default_rng(0).uniform(0, 255, (24, 24, 3)).astype(np.float32)
    labels = np.zeros((24, 24), np.uint8)
    side = round(24 / factor)
    result = shown(24 / side, image=image, labels=labels, crop=(side, side))['img']
    np.testing.assert_allclose(result.mean((0, 1)), image.mean((0, 1)), rtol=1e-4)


def test_the_sample_itself_is_not_written_to():
    image, labels = CHIP.astype(np.float32), LABELS.copy()
    transform = RandomPixelSize(pixel_sizes=(1, 1), crop_size=(12, 12), seek=0)
    result = transform({'img': image, 'gt_seg_map': labels, 'pixel_size': 1.0})
    cv2.add(result['img'], 1, dst=result['img'])
    result['gt_seg_map'][:] = 9
    np.testing.assert_array_equal(image, CHIP)
    np.testing.assert_array_equal(labels, LABELS)


def test_a_sample_of_unknown_size_is_refused():
    transform = RandomPixelSize(pixel_sizes=(1, 2))
    with pytest.raises(ConfigError, match='set pixel_size of its data set'):
        transform({'img': CHIP, 'gt_seg_map': LABELS})


@pytest.mark.parametrize(
    'change',
    [
        {'pixel_sizes': (2, 1)},
        {'pixel_sizes': (0, 1)},
        {'crop_size': (0, 8)},
        {'as_is': 1.1},
        {'seek': -0.1},
    ],
)
def test_numbers_out_of_range(change):
    with pytest.raises(ConfigError, match='RandomPixelSize got pixel_sizes'):
        RandomPixelSize(**{'pixel_sizes': (1, 2)} | change)
