"""How many of the small and of the large reference landslides were found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def recall_by_size(
    areas_m2: np.ndarray, found: np.ndarray, edges_m2: Sequence[float]
) -> list[dict[str, float | int | None]]:
    """Count reference landslides by size.

    Args:
        areas_m2: their areas, square metres, shape (landslides,).
        found: which of them were found, boolean, shape (landslides,).
        edges_m2: rising limits between the classes; a landslide on a limit belongs to the
            larger class.

    Returns:
        One class a limit and one more, from small to large: ``from_m2``, ``to_m2`` (None for
        the last), ``landslides``, ``found``, and ``recall``, None for an empty class.
    """
    limits = [0.0, *map(float, edges_m2), None]
    members = np.searchsorted(limits[1:-1], areas_m2, side='right')
    totals = np.bincount(members, minlength=len(limits) - 1).tolist()
    hits = np.bincount(members[found], minlength=len(limits) - 1).tolist()
    return [
        {
            'from_m2': low,
            'to_m2': high,
            'landslides': total,
            'found': hit,
            'recall': hit / total if total else None,
        }
        for low, high, total, hit in zip(limits[:-1], limits[1:], totals, hits, strict=True)
    ]
