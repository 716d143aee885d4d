"""The power-law tail of landslide areas, by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from postproc.statistics.distance import largest_distance

CANDIDATES = 100
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
    places = np.unique(np.linspace(0, cut_offs.size - 1, CANDIDATES).astype(int))
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
