"""The three-parameter inverse-gamma distribution of landslide areas, by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import digamma, gammaln
from scipy.stats import invgamma

from postproc.statistics.distance import largest_distance

# Candidates for the distance of the shift below the smallest area, in median areas: from next
# to it to so far away that the distribution has lost its power-law tail.
NEAREST, FARTHEST = 1e-3, 1e2
CANDIDATES = 61
# Below this exponent the likelihood grows without bound as the shift nears the smallest area.
MIN_RHO = 0.1
# Above this one the distribution is next to symmetric on a logarithmic scale: no power law.
MAX_RHO = 100.0


@dataclass(frozen=True)
class InverseGamma:
    """p(A) = 1 / (a Gamma(rho)) (a / (A - s))^(rho + 1) exp(-a / (A - s)).

    Args:
        rho: the tail falls with the power -(rho + 1) of the area.
        a_m2: sets where the maximum lies, square metres.
        s_m2: shift, which sets how steeply small areas fall off, square metres; below 0 mostly.

    Source: Malamud et al. (2004), Earth Surf. Process. Landforms 29, 687-711.
    """

    rho: float
    a_m2: float
    s_m2: float

    @property
    def roll_over_m2(self) -> float:
        """The most frequent area, where the density has its maximum, square metres."""
        return self.a_m2 / (self.rho + 1) + self.s_m2

    @property
    def mean_m2(self) -> float | None:
        """Mean area, square metres; None where the tail is too heavy for one (rho <= 1)."""
        return self.a_m2 / (self.rho - 1) + self.s_m2 if self.rho > 1 else None

    def density(self, areas_m2: np.ndarray) -> np.ndarray:
        """Return p(A), per square metre."""
        return invgamma.pdf(areas_m2, self.rho, loc=self.s_m2, scale=self.a_m2)

    def distance(self, areas_m2: np.ndarray) -> float:
        """Return the largest distance between both cumulative distributions, 0 to 1."""
        law = invgamma.cdf(np.sort(areas_m2), self.rho, loc=self.s_m2, scale=self.a_m2)
        return largest_distance(law)


def fit_inverse_gamma(areas_m2: np.ndarray) -> InverseGamma | None:
    """Fit by maximum likelihood.

    For a given shift s the values 1 / (A - s) follow a gamma distribution, whose likelihood has
    one maximum; what is left is a search over s.

    Args:
        areas_m2: areas above 0, square metres, shape (landslides,).

    Returns:
        The distribution; None if the likelihood has no maximum inside of the range that is
        searched, as with areas that do not roll over, or are all the same.
    """
    smallest, scale = float(areas_m2.min()), float(np.median(areas_m2))
    if areas_m2.max() <= smallest * (1 + 1e-9):
        return None

    def loss(log_distance: float) -> float:
        return -_best_for_shift(areas_m2, smallest - scale * math.exp(log_distance))[0]

    steps = np.linspace(math.log(NEAREST), math.log(FARTHEST), CANDIDATES)
    losses = np.array([loss(step) for step in steps])
    # The lowest valley; the likelihood may rise again towards the ends of the range.
    valleys = np.flatnonzero((losses[1:-1] < losses[:-2]) & (losses[1:-1] <= losses[2:])) + 1
    if not valleys.size:
        return None
    best = valleys[np.argmin(losses[valleys])]
    bounds = (steps[best - 1], steps[best + 1])
    found = minimize_scalar(loss, bounds=bounds, method='bounded', options={'xatol': 1e-6})
    shift = smallest - scale * math.exp(found.x)
    _, rho, a = _best_for_shift(areas_m2, shift)
    return InverseGamma(rho, a, shift) if MIN_RHO < rho < MAX_RHO else None


def _best_for_shift(areas_m2: np.ndarray, shift: float) -> tuple[float, float, float]:
    """Return the log-likelihood at its maximum over rho and a, rho, and a."""
    distances = areas_m2 - shift
    logs = np.log(distances)
    mean_inverse, mean_log = float((1 / distances).mean()), float(logs.mean())
    # Of the gamma distribution of 1 / (A - s): log(rho) - digamma(rho) = log(mean) - mean(log).
    gap = math.log(mean_inverse) + mean_log

    def excess(rho: float) -> float:
        return math.log(rho) - float(digamma(rho)) - gap

    if excess(MAX_RHO) >= 0:
        rho = MAX_RHO
    elif excess(MIN_RHO) <= 0:
        rho = MIN_RHO
    else:
        rho = brentq(excess, MIN_RHO, MAX_RHO, xtol=1e-12)
    a = rho / mean_inverse
    mean = rho * math.log(a) - float(gammaln(rho)) - (rho + 1) * mean_log - a * mean_inverse
    return mean * len(areas_m2), rho, a
