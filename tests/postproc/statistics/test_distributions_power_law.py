import numpy as np
import pytest
from scipy.stats import kstest, pareto

from postproc.statistics.distributions import fit_power_law


def pareto_sample(exponent, cut_off, size, seed=0):
    return cut_off * (1 - np.random.default_rng(seed).random(size)) ** (-1 / (exponent - 1))


@pytest.mark.parametrize('exponent', [1.7, 2.4, 3.5])
def test_recovers_the_exponent(exponent):
    found = fit_power_law(pareto_sample(exponent, 500, 5000), 500)

    assert found.exponent == pytest.approx(exponent, abs=4 * found.standard_error)
    # The bootstrap agrees with the error that theory gives, (exponent - 1) / sqrt(n).
    theory = (found.exponent - 1) / np.sqrt(found.landslides)
    assert found.standard_error == pytest.approx(theory, rel=0.15)
    assert found.landslides > 2500


def test_estimator_and_distance_by_another_way():
    areas = pareto_sample(2.4, 500, 400)
    found = fit_power_law(areas, 500)
    tail = areas[areas >= found.cut_off_m2]

    shape, _, _ = pareto.fit(tail, floc=0, fscale=found.cut_off_m2)
    assert found.exponent == pytest.approx(shape + 1)
    law = pareto(found.exponent - 1, scale=found.cut_off_m2)
    assert found.distance == pytest.approx(kstest(tail, law.cdf).statistic)
    assert found.landslides == len(tail)


def test_finds_where_the_tail_begins():
    rng = np.random.default_rng(1)
    areas = np.concatenate([rng.uniform(10, 2000, 2000), pareto_sample(2.4, 2000, 3000)])

    found = fit_power_law(areas, 10)

    assert found.cut_off_m2 == pytest.approx(2000, rel=0.25)
    assert found.exponent == pytest.approx(2.4, abs=0.15)


def test_density_is_that_of_all_landslides():
    areas = np.concatenate([pareto_sample(2.4, 500, 3000), np.full(3000, 100.0)])
    found = fit_power_law(areas, 500)

    grid = np.geomspace(found.cut_off_m2, 1e9, 20_000)
    mass = np.trapezoid(found.density(grid, len(areas)), grid)
    assert mass == pytest.approx(found.landslides / len(areas), rel=0.01)


def test_same_areas_same_result_whatever_their_order():
    areas = pareto_sample(2.4, 500, 300)
    assert fit_power_law(areas, 500) == fit_power_law(areas[::-1], 500)


@pytest.mark.parametrize('areas', [np.arange(1.0, 30), np.full(100, 7.0), np.array([])])
def test_too_few_different_areas_have_no_tail(areas):
    assert fit_power_law(areas, 1.0) is None


def test_the_tail_keeps_its_least_number():
    found = fit_power_law(np.arange(1.0, 31), 1.0)
    assert found.landslides == 30


def test_areas_of_which_nearly_all_are_alike_have_a_finite_error():
    areas = np.array([167.2] * 37 + [418.1])

    tail = fit_power_law(areas, 167.2, least=30)

    assert np.isfinite([tail.exponent, tail.standard_error, tail.distance]).all()
    assert tail.standard_error > 0
