import pytest

from postproc.statistics.distributions import (
    GENERAL_DISTRIBUTION,
    magnitude_of_area,
    magnitude_of_number,
)


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
