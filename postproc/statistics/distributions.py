"""Distributions of landslide areas: density, power-law tail, inverse gamma and magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import FitError, invgamma


@dataclass(frozen=True)
class FrequencyArea:
    """A histogram of areas whose classes are equally wide on a logarithmic scale.

    Args:
        edges_m2: limits of the classes, square metres, shape (classes + 1,).
        counts: landslides of every class, shape (classes,).
    """

    edges_m2: np.ndarray
    counts: np.ndarray

    @property
    def density(self) -> np.ndarray:
        """Probability density p(A) = dN / (N dA) of every class, per square metre."""
        return self.counts / (self.counts.sum() * np.diff(self.edges_m2))

    @property
    def middles_m2(self) -> np.ndarray:
        """Geometric middles of the classes, square metres."""
        return np.sqrt(self.edges_m2[:-1] * self.edges_m2[1:])

    def as_list(self) -> list[dict[str, float | int]]:
        """Return one dict a class that has landslides, as plain JSON values."""
        rows = zip(
            self.edges_m2[:-1].tolist(),
            self.edges_m2[1:].tolist(),
            self.counts.tolist(),
            self.density.tolist(),
            strict=True,
        )
        names = ('from_m2', 'to_m2', 'landslides', 'density_per_m2')
        return [dict(zip(names, row, strict=True)) for row in rows if row[2]]


def frequency_area(areas_m2: np.ndarray, per_decade: int = 5) -> FrequencyArea:
    """Sort areas into classes.

    Args:
        areas_m2: areas above 0, square metres, shape (landslides,), at least one.
        per_decade: classes from an area to ten times that area.

    Returns:
        The histogram; its limits are 10^(k / per_decade) square metres with whole k.

    Source: Malamud et al. (2004), Earth Surf. Process. Landforms 29, 687-711, for p(A).
    """
    exponents = np.log10(areas_m2) * per_decade
    first, last = math.floor(exponents.min()), math.floor(exponents.max()) + 1
    edges = 10.0 ** (np.arange(first, last + 1) / per_decade)
    counts, _ = np.histogram(areas_m2, bins=edges)
    return FrequencyArea(edges, counts)


def largest_distance(law: np.ndarray) -> float:
    """Return the largest distance between a sample's and a law's cumulative distributions.

    Args:
        law: cumulative distribution of the law at the values of the sample, rising, shape
            (values,), at least one.

    Returns:
        A distance from 0 to 1.
    """
    steps = np.arange(law.size + 1) / law.size
    return float(max((law - steps[:-1]).max(), (steps[1:] - law).max()))


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
    """Fit by maximum likelihood, with ``scipy.stats.invgamma.fit``.

    Args:
        areas_m2: areas above 0, square metres, shape (landslides,).

    Returns:
        The distribution; None if its exponent lies outside of ``MIN_RHO`` to ``MAX_RHO``, as
        with areas that have no heavy tail, or if all areas are the same.
    """
    if areas_m2.max() <= areas_m2.min() * (1 + 1e-9):
        return None
    # In median areas, so that the search takes the same steps whatever the unit.
    unit = float(np.median(areas_m2))
    try:
        with np.errstate(all='ignore'):
            rho, shift, a = map(float, invgamma.fit(areas_m2 / unit))
    except FitError:
        return None
    return InverseGamma(rho, a * unit, shift * unit) if MIN_RHO < rho < MAX_RHO else None


CUT_OFFS_TRIED = 100
RESAMPLINGS = 500
SEED = 0


@dataclass(frozen=True)
class PowerLawTail:
    """p(A) is proportional to A^-exponent from a cut-off on.

    Args:
        exponent: above 1.
        standard_error: of the exponent, by bootstrap of the tail with its cut-off as it is.
        cut_off_m2: smallest area of the tail, square metres.
        landslides: how many areas lie in the tail.
        distance: largest distance between the cumulative distributions of tail and law, 0 to 1.

    Source: Clauset, Shalizi and Newman (2009), SIAM Review 51, 661-703: the estimator of a
    continuous power law, and the cut-off at which this distance is smallest.
    """

    exponent: float
    standard_error: float
    cut_off_m2: float
    landslides: int
    distance: float

    def density(self, areas_m2: np.ndarray, total: int) -> np.ndarray:
        """Return p(A) of all ``total`` landslides on areas of the tail, per square metre."""
        share = self.landslides / total
        scale = (self.exponent - 1) / self.cut_off_m2
        return share * scale * (areas_m2 / self.cut_off_m2) ** -self.exponent


def fit_power_law(
    areas_m2: np.ndarray, from_m2: float, *, least: int = 30, seed: int = SEED
) -> PowerLawTail | None:
    """Fit the tail.

    Args:
        areas_m2: areas above 0, square metres, shape (landslides,).
        from_m2: roll-over; the tail begins there or beyond.
        least: fewest landslides that a tail may have.
        seed: of the bootstrap.

    Returns:
        The tail; None if fewer than ``least`` different areas lie beyond the roll-over.
    """
    tail = np.sort(areas_m2[areas_m2 >= from_m2])
    # The tail from the last candidate on still has that many landslides.
    cut_offs = np.unique(tail[: max(len(tail) - least + 1, 0)])
    if not cut_offs.size or tail[-1] <= cut_offs[0]:
        return None
    places = np.unique(np.linspace(0, cut_offs.size - 1, CUT_OFFS_TRIED).astype(int))
    fits = [(*_fit(tail[tail >= cut_off]), cut_off) for cut_off in cut_offs[places]]
    distance, exponent, cut_off = min(fit for fit in fits if math.isfinite(fit[1]))
    logs = np.log(tail[tail >= cut_off] / cut_off)
    rng = np.random.default_rng(seed)
    resampled = np.array([rng.choice(logs, logs.size).sum() for _ in range(RESAMPLINGS)])
    # Where nearly all areas are alike some draws are of one area only, which has no exponent.
    exponents = 1 + logs.size / resampled[resampled > 0]
    return PowerLawTail(
        float(exponent), float(exponents.std(ddof=1)), float(cut_off), logs.size, float(distance)
    )


def _fit(tail: np.ndarray) -> tuple[float, float]:
    """Return the distance and the exponent of a sorted tail that begins at its cut-off."""
    logs = np.log(tail / tail[0])
    total = float(logs.sum())
    if not total > 0:
        return math.inf, math.inf
    exponent = 1 + tail.size / total
    law = 1 - np.exp(-(exponent - 1) * logs)
    return largest_distance(law), exponent


# The one distribution with which Malamud et al. describe events of very different size; its
# mean ties an event's number of landslides to their total area.
GENERAL_DISTRIBUTION = InverseGamma(rho=1.40, a_m2=1280.0, s_m2=-132.0)
GENERAL_MEAN_M2 = 3068.0


def magnitude_of_number(landslides: int) -> float | None:
    """Return m_L = log10(N_LT); None without a landslide.

    Args:
        landslides: number of landslides of the event. Those that are too small to be seen are
            missing in an inventory, so what it gives is a lower bound.

    Source: Malamud et al. (2004), Earth Surf. Process. Landforms 29, 687-711.
    """
    return math.log10(landslides) if landslides else None


def magnitude_of_area(total_m2: float) -> float | None:
    """Return the magnitude of an event whose areas follow the general distribution.

    Few large landslides hold most of the area, so that it hardly depends on what is too small
    to be seen.

    Args:
        total_m2: total landslide area of the event, square metres.

    Returns:
        log10(total area / mean area of the general distribution); None without any area.

    Source: likewise; the mean follows from the distribution's parameters.
    """
    return math.log10(total_m2 / GENERAL_MEAN_M2) if total_m2 > 0 else None
