"""The magnitude of a landslide event: the logarithm of how many landslides it set off."""

from __future__ import annotations

import math

from postproc.statistics.inverse_gamma import InverseGamma

# The one distribution with which Malamud et al. describe events of very different size; its
# mean, 3068 m2, ties an event's number of landslides to their total area.
GENERAL_DISTRIBUTION = InverseGamma(rho=1.40, a_m2=1280.0, s_m2=-132.0)


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
    return math.log10(total_m2 / GENERAL_DISTRIBUTION.mean_m2) if total_m2 > 0 else None
