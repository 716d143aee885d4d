import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dfpenet_mm.datasets import RandomGaussianBlur
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
