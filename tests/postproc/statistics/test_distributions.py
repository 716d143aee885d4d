import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from postproc.statistics.distributions import (
    GENERAL_DISTRIBUTION,
    frequency_area,
    largest_distance,
    magnitude_of_area,
    magnitude_of_number,
)


@pytest.mark.parametrize('size', [1, 2, 50])
def test_distance_is_that_of_scipy(size):
    values = np.sort(np.random.default_rng(size).normal(0.3, 1.2, size))

    found = largest_distance(norm.cdf(values))

    assert found == pytest.approx(kstest(values, norm.cdf).statistic)


def test_classes_by_hand():
    sizes = frequency_area(np.array([100, 150, 900, 1000.0]), per_decade=1)

    np.testing.assert_allclose(sizes.edges_m2, [100, 1000, 10_000])
    assert sizes.counts.tolist() == [3, 1]
    assert sizes.density.tolist() == pytest.approx([0.75 / 900, 0.25 / 9000])
    assert sizes.middles_m2.tolist() == pytest.approx([10**2.5, 10**3.5])
    assert sizes.as_list()[1] == {
        'from_m2': pytest.approx(1000),
        'to_m2': pytest.approx(10_000),
        'landslides': 1,
        'density_per_m2': pytest.approx(0.25 / 9000),
    }


def test_empty_classes_are_not_listed():
    assert len(frequency_area(np.array([1.0, 1e6]), per_decade=2).as_list()) == 2


@given(areas=st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=30), per_decade=st.integers(1, 10))
def test_every_area_is_counted_and_density_sums_to_one(areas, per_decade):
    sizes = frequency_area(np.array(areas), per_decade)

    assert sizes.counts.sum() == len(areas)
    assert (sizes.density * np.diff(sizes.edges_m2)).sum() == pytest.approx(1)


def test_magnitude_is_the_logarithm_of_the_number():
    assert magnitude_of_number(1) == 0
    assert magnitude_of_number(10_000) == pytest.approx(4)
    assert magnitude_of_number(0) is None


def test_general_distribution_is_the_published_one():
    # Its density falls with the power -2.40 of the area, as the paper's abstract says.
    law = GENERAL_DISTRIBUTION
    assert law.density(1e9) / law.density(1e10) == pytest.approx(10**2.4, rel=1e-4)
    assert law.mean_m2 == pytest.approx(3068)
    assert law.roll_over_m2 == pytest.approx(401, abs=1)


def test_area_and_number_agree_for_an_average_event():
    assert magnitude_of_area(3068.0 * 1000) == pytest.approx(3)
    assert magnitude_of_area(0.0) is None
