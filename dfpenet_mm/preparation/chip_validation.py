"""Which blocks of ground validate: fair shares of all there is, little lost along the border."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dfpenet_mm.errors import ConfigError

# Random orders of each kind among which the best is taken.
DRAWS = 256


def choose_validation(
    measures: np.ndarray,
    share: float,
    rng: np.random.Generator,
    *,
    centres: np.ndarray | None = None,
    loss: Callable[[np.ndarray], float] = lambda _: 0.0,
) -> np.ndarray:
    """Choose the groups of blocks that validate.

    Landslides cluster, so that a blind draw may give one side few of them. Groups are put in
    random orders, of which the first ones validate, so many as meet the share best. Of all
    orders the one is taken with the smallest sum of the worst miss and the loss. Scattered
    groups meet shares best; neighbouring ones have a short border, along which training chips
    are lost.

    Args:
        measures: of each group, shape (groups, 3): landslide pixels, chips with landslides and
            chips without.
        share: of every measure wanted for validation, in (0, 1).
        rng: source of the draws.
        centres: of the groups, shape (groups, 2), any unit; None for scattered groups alone.
        loss: share of the data lost to training, from True for groups that validate.

    Returns:
        True for groups that validate, shape (groups,).

    Raises:
        ConfigError: if fewer than two groups have landslides.
    """
    hit = int((measures[:, 0] > 0).sum())
    if hit < 2:
        raise ConfigError(
            f'{hit} of {len(measures)} block(s) of ground hold landslides and a split needs two, '
            f'one to train and one to validate; give smaller blocks or chips, more images, or a '
            f'validation share of 0'
        )
    shares = measures / np.maximum(measures.sum(axis=0), 1)
    shares = shares[:, measures.any(axis=0)]
    best, chosen = np.inf, np.empty(0, bool)
    for order in _orders(len(measures), centres, rng):
        missed = np.abs(np.cumsum(shares[order], axis=0) - share).max(axis=1)
        landslides = np.cumsum(measures[order, 0] > 0)
        # Both sides need landslides.
        missed[(landslides == 0) | (landslides == hit)] = np.inf
        count = missed.argmin()
        validates = np.isin(np.arange(len(measures)), order[: count + 1])
        # The loss is never negative: what misses more need not be asked for it.
        if not len(chosen) or missed[count] < best:
            total = missed[count] + loss(validates)
            if not len(chosen) or total < best:
                best, chosen = total, validates
    return chosen


def _orders(
    count: int, centres: np.ndarray | None, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Put groups in random orders: scattered, outward from a point, along a direction."""
    for _ in range(DRAWS):
        yield rng.permutation(count)
        if centres is not None:
            from_point = centres - centres[rng.integers(count)]
            yield np.argsort((from_point**2).sum(axis=1), kind='stable')
            angle = rng.uniform(0, 2 * np.pi)
            yield np.argsort(centres @ [np.cos(angle), np.sin(angle)], kind='stable')
