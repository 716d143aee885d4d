import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dfpenet_mm.datasets import RandomGaussianBlur, RandomPercentileStretch, RandomSensor
from dfpenet_mm.datasets.transforms import MatchBandStatistics
from dfpenet_mm.errors import ConfigError

CHIP = np.random.default_rng(0).normal(size=(32, 32, 3)).astype(np.float32)


def test_blurs_within_bands_as_scipy_does():
    blurred = RandomGaussianBlur(prob=1.0, sigma=(1.0, 1.0))({'img': CHIP})['img']
    expected = gaussian_filter(CHIP, (1.0, 1.0, 0), mode='mirror', truncate=4)
    np.testing.assert_allclose(blurred, expected, atol=0.01)


@pytest.mark.parametrize('bands', [1, 3, 7])
def test_shape_and_type_stay(bands):
    chip = np.full((8, 9, bands), 77, np.uint8)
    blurred = RandomGaussianBlur(prob=1.0, sigma=(0.5, 0.9))({'img': chip})['img']
    np.testing.assert_array_equal(blurred, chip)
    assert blurred.dtype == np.uint8


@pytest.mark.parametrize(('prob', 'sigma'), [(0.0, (1.0, 1.0)), (1.0, (0.0, 0.0))])
def test_chips_may_stay_as_they_are(prob, sigma):
    assert RandomGaussianBlur(prob=prob, sigma=sigma)({'img': CHIP})['img'] is CHIP


def test_half_of_the_chips_are_blurred_by_all_sigmas():
    np.random.seed(0)  # noqa: NPY002
    blur = RandomGaussianBlur(prob=0.5, sigma=(1.0, 3.0))
    sigmas = np.array([blur.draw() for _ in range(400)])
    assert 0.4 < (sigmas > 0).mean() < 0.6
    assert 1.0 <= sigmas[sigmas > 0].min() < 1.2
    assert 2.8 < sigmas.max() <= 3.0


@pytest.mark.parametrize(('prob', 'sigma'), [(1.1, (0, 1)), (-0.1, (0, 1)), (0.5, (2, 1))])
def test_numbers_out_of_range(prob, sigma):
    with pytest.raises(ConfigError, match='RandomGaussianBlur got'):
        RandomGaussianBlur(prob=prob, sigma=sigma)


def test_statistics_become_the_target():
    match = MatchBandStatistics(mean=[10, 2], std=[2, 4], target_mean=[0, 7], target_std=[1, 8])
    image = np.array([[[10, 2], [12, 6]], [[8, -2], [14, 4]]], np.int16)
    result = match.transform({'img': image})['img']
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[[0, 7], [1, 15]], [[-1, -1], [2, 11]]])


@pytest.mark.parametrize('change', [{'mean': [1]}, {'std': [1, 0]}, {'target_std': [1, 1, 1]}])
def test_numbers_that_do_not_fit_are_refused(change):
    numbers = {'mean': [1, 1], 'std': [1, 1], 'target_mean': [1, 1], 'target_std': [1, 1]}
    with pytest.raises(ConfigError, match='one number a band'):
        MatchBandStatistics(**numbers | change)


def test_percentiles_become_the_targets():
    stretch = RandomPercentileStretch(
        target_lower=(10, 20, 30), target_upper=(110, 220, 330), lower=(5, 5), upper=(95, 95)
    )
    image = np.random.default_rng(0).integers(0, 4000, (40, 40, 3)).astype(np.uint16)
    result = stretch({'img': image})['img']
    assert result.dtype == np.float32
    for band, (low, high) in enumerate([(10, 110), (20, 220), (30, 330)]):
        found = np.percentile(result[..., band], (5, 95))
        np.testing.assert_allclose(found, (low, high), rtol=1e-4)
    assert result.min() < 10


def test_percentiles_are_drawn_from_their_ranges():
    np.random.seed(0)  # noqa: NPY002
    ramp = np.broadcast_to(np.arange(101.0)[:, None, None], (101, 1, 3))
    stretch = RandomPercentileStretch(
        target_lower=[0] * 3, target_upper=[1] * 3, lower=(1, 4), upper=(95, 99), prob=0.5
    )
    results = [stretch({'img': ramp})['img'] for _ in range(200)]
    stretched = [image for image in results if image.max() < 2]
    assert 70 < len(stretched) < 130
    # Of a ramp of percentiles: image = (percentile - low) / (high - low).
    ends = np.array([image[[0, 100], 0, 0] for image in stretched], float)
    spans = 100 / (ends[:, 1] - ends[:, 0])
    lows = -ends[:, 0] * spans
    highs = lows + spans
    np.testing.assert_allclose([lows.min(), lows.max()], (1, 4), atol=0.2)
    np.testing.assert_allclose([highs.min(), highs.max()], (95, 99), atol=0.2)


def test_a_flat_image_stays_finite():
    stretch = RandomPercentileStretch(target_lower=[18], target_upper=[178])
    flat = stretch({'img': np.full((4, 4, 1), 77, np.uint8)})['img']
    np.testing.assert_array_equal(flat, np.full((4, 4, 1), 18, np.float32))


OFF = {'strength': 0, 'blur': 0, 'noise': 0, 'grey': 0, 'swap': 0}
PHOTO = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)


def test_a_sensor_without_effects_changes_nothing():
    np.testing.assert_allclose(RandomSensor(**OFF)({'img': PHOTO})['img'], PHOTO, atol=1e-3)


def test_grey_and_exchanged_bands():
    grey = RandomSensor(**OFF | {'grey': 1.0})({'img': PHOTO})['img']
    expected = np.repeat(PHOTO.mean(2, keepdims=True), 3, axis=2)
    np.testing.assert_allclose(grey, expected, atol=1e-3)

    np.random.seed(0)  # noqa: NPY002
    swap = RandomSensor(**OFF | {'swap': 1.0})
    orders = set()
    for _ in range(60):
        swapped = swap({'img': PHOTO})['img']
        found = [
            int(np.argmin([abs(swapped[..., band] - PHOTO[..., own]).max() for own in range(3)]))
            for band in range(3)
        ]
        np.testing.assert_allclose(swapped, PHOTO[..., found], atol=1e-3)
        orders.add(tuple(found))
    assert len(orders) == 6


@pytest.mark.parametrize('bands', [1, 3, 5])
def test_sensors_are_repeatable_and_keep_shape_and_reach(bands):
    image = np.random.default_rng(2).integers(0, 256, (9, 7, bands), np.uint8)
    sensor = RandomSensor(strength=3.0, blur=1.0, noise=1.0)
    for seed in range(20):
        results = []
        for _ in range(2):
            np.random.seed(seed)  # noqa: NPY002
            results.append(sensor({'img': image})['img'])
        np.testing.assert_array_equal(*results)
        assert results[0].shape == image.shape
        assert results[0].dtype == np.float32
        assert -30 <= results[0].min() < results[0].max() <= 300


def test_brightness_and_contrast_scatter_with_the_strength():
    np.random.seed(0)  # noqa: NPY002
    means = {}
    for strength in (0.5, 1.0):
        sensor = RandomSensor(**OFF | {'strength': strength})
        found = [sensor({'img': PHOTO})['img'].mean() for _ in range(300)]
        means[strength] = np.std(found)
    assert 1.5 * means[0.5] < means[1.0] < 2.5 * means[0.5]


@pytest.mark.parametrize(
    ('transform', 'change'),
    [
        (RandomSensor, {'strength': -1}),
        (RandomSensor, {'blur': 1.5}),
        (RandomSensor, {'grey': 0.6, 'swap': 0.6}),
        (RandomPercentileStretch, {'prob': 2}),
        (RandomPercentileStretch, {'lower': (4, 1)}),
        (RandomPercentileStretch, {'lower': (4, 96)}),
        (RandomPercentileStretch, {'target_upper': [1, 2]}),
    ],
)
def test_settings_of_sensors_and_stretches_out_of_range(transform, change):
    targets = {'target_lower': [0], 'target_upper': [1]}
    settings = targets if transform is RandomPercentileStretch else {}
    with pytest.raises(ConfigError, match=f'{transform.__name__} got'):
        transform(**settings | change)
