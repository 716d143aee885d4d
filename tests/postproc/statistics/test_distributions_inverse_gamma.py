import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import invgamma

from postproc.statistics.distributions import GENERAL_DISTRIBUTION, InverseGamma, fit_inverse_gamma


def sample(true, size, seed=0):
    areas = invgamma.rvs(
        true.rho,
        loc=true.s_m2,
        scale=true.a_m2,
        size=size,
        random_state=np.random.default_rng(seed),
    )
    return areas[areas > 0]


@pytest.mark.parametrize(
    'true', [GENERAL_DISTRIBUTION, InverseGamma(0.8, 5000, 50), InverseGamma(2.5, 9000, -200)]
)
def test_recovers_the_parameters_of_a_sample(true):
    found = fit_inverse_gamma(sample(true, 20_000))

    assert found.rho == pytest.approx(true.rho, rel=0.05)
    assert found.a_m2 == pytest.approx(true.a_m2, rel=0.1)
    assert found.roll_over_m2 == pytest.approx(true.roll_over_m2, rel=0.03)
    assert found.distance(sample(true, 20_000)) < 0.01


@pytest.mark.parametrize('seed', range(3))
def test_no_neighbour_is_likelier(seed):
    areas = sample(GENERAL_DISTRIBUTION, 300, seed)
    found = fit_inverse_gamma(areas)

    def loss(values):
        return -invgamma.logpdf(areas, values[0], loc=values[2], scale=values[1]).sum()

    start = [found.rho, found.a_m2, found.s_m2]
    best = minimize(loss, start, method='Nelder-Mead', options={'xatol': 1e-6, 'fatol': 1e-9})
    assert loss(start) == pytest.approx(best.fun, abs=1e-4)


@pytest.mark.parametrize(
    ('true', 'size', 'smallest', 'wanted'),
    [
        ((1.4, 1280, -132), 40, 0, (1.11843, 923.754, -143.293)),
        ((1.4, 1280, -132), 1000, 600, (0.982578, 670.795, 463.63)),
        ((0.8, 5000, 50), 40, 0, (0.651407, 3439.8, 9.61198)),
        ((0.8, 5000, 50), 1000, 600, (0.775931, 4613.79, 28.8661)),
        ((2.5, 9000, -200), 40, 0, (1.95922, 6645.84, -256.456)),
        ((2.5, 9000, -200), 1000, 600, (2.39976, 8463.09, -221.165)),
    ],
)
def test_estimates_equal_those_of_a_search_over_the_shift(true, size, smallest, wanted):
    """An earlier release profiled the likelihood over s; these are its estimates."""
    areas = sample(InverseGamma(*true), size, seed=5)

    found = fit_inverse_gamma(areas[areas > smallest])

    law = InverseGamma(*wanted)
    assert (found.rho, found.a_m2) == pytest.approx((law.rho, law.a_m2), rel=5e-3)
    assert found.s_m2 == pytest.approx(law.s_m2, abs=1e-3 * law.a_m2)
    assert found.roll_over_m2 == pytest.approx(law.roll_over_m2, rel=1e-3)


def test_density_integrates_to_one_and_peaks_at_the_roll_over():
    law = GENERAL_DISTRIBUTION
    assert quad(law.density, law.s_m2, np.inf, limit=200)[0] == pytest.approx(1)
    around = law.density(law.roll_over_m2 * np.array([0.99, 1, 1.01]))
    assert around.argmax() == 1
    # The equation as it is printed, with Gamma(1.4) = 0.88726.
    u = 1280 / (1000 + 132)
    assert law.density(1000.0) == pytest.approx(u**2.4 * np.exp(-u) / (1280 * 0.88726), rel=1e-5)


def test_the_scale_of_areas_does_not_matter():
    areas = sample(GENERAL_DISTRIBUTION, 1000)
    found, larger = fit_inverse_gamma(areas), fit_inverse_gamma(areas * 1e4)

    assert larger.rho == pytest.approx(found.rho, rel=1e-3)
    assert larger.roll_over_m2 == pytest.approx(found.roll_over_m2 * 1e4, rel=1e-3)


@pytest.mark.parametrize(
    'areas',
    [
        np.full(100, 900.0),
        np.random.default_rng(0).uniform(100, 200, 1000),
        np.random.default_rng(0).normal(1000, 100, 1000),
        np.array([900.0]),
    ],
)
def test_what_has_no_tail_gets_no_fit(areas):
    assert fit_inverse_gamma(areas) is None


def test_a_heavy_tail_has_no_mean():
    assert InverseGamma(0.9, 1000, 0).mean_m2 is None
    assert InverseGamma(2.0, 1000, -100).mean_m2 == pytest.approx(900)
