"""How landslide areas are distributed: probability density by logarithmic classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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
