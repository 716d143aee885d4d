import numpy as np
import pytest

from dfpenet_mm.datasets.transforms import MatchBandStatistics
from dfpenet_mm.errors import ConfigError


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
