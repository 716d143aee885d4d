import numpy as np
import pytest
from scipy.stats import kstest, norm

from postproc.statistics.distributions import largest_distance


@pytest.mark.parametrize('size', [1, 2, 50])
def test_distance_is_that_of_scipy(size):
    values = np.sort(np.random.default_rng(size).normal(0.3, 1.2, size))

    found = largest_distance(norm.cdf(values))

    assert found == pytest.approx(kstest(values, norm.cdf).statistic)
