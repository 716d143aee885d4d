"""Training and validation chips, split by blocks of ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import Chip, near_pairs

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
            f'a split needs two blocks of ground with landslides, one to train and one to '
            f'validate, and got {hit} of {len(measures)}; give smaller blocks or chips, more '
            f'images, or a validation share of 0'
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


class Sides(NamedTuple):
    """Chips to train on, and chips to validate on."""

    train: tuple[Chip, ...]
    val: tuple[Chip, ...]


def group_blocks(blocks: Sequence[shapely.Polygon], scenes: Sequence[int]) -> np.ndarray:
    """Put blocks of several scenes that show the same ground into one group.

    Args:
        blocks: their outlines, in one frame.
        scenes: the scene of each, in increasing order.

    Returns:
        A group for each block, shape (blocks,), int: the first of the blocks it lies mostly
        on, or its own number.
    """
    groups = np.arange(len(blocks))
    outlines, owners = np.asarray(blocks), np.asarray(scenes)
    for index in np.flatnonzero(owners > 0):
        earlier = np.flatnonzero(owners < owners[index])
        shared = shapely.area(shapely.intersection(outlines[earlier], outlines[index]))
        smaller = np.minimum(shapely.area(outlines[earlier]), shapely.area(outlines[index]))
        cover = shared / np.maximum(smaller, np.finfo(float).tiny)
        if cover.max() > 0.5:
            groups[index] = groups[earlier[cover.argmax()]]
    return groups


def split_chips(
    chips: Sequence[Chip],
    groups: np.ndarray,
    share: float,
    rng: np.random.Generator,
    *,
    outlines: Sequence[shapely.Polygon] = (),
    gap: float = 0,
) -> Sides:
    """Send every chip to the side of its block.

    Args:
        chips: of all scenes; their blocks are places in ``groups``.
        groups: group of each block, shape (blocks,).
        share: of validation, in (0, 1).
        rng: source of the draw.
        outlines: of the chips, in one frame; with them the split is chosen such that few chips
            lie within the gap. Those that do are still in the split.
        gap: empty ground wanted between the two sides, in units of the outlines.

    Raises:
        ConfigError: if blocks do not suffice.
    """
    group = groups[[chip.block for chip in chips]]
    members, place = np.unique(group, return_inverse=True)
    landslide = np.array([chip.landslide for chip in chips])
    weights = np.stack([landslide, landslide > 0, landslide == 0], axis=1)
    measures = np.stack([np.bincount(place, w, len(members)) for w in weights.T], axis=1)
    if len(outlines):
        corners = shapely.get_coordinates(shapely.centroid(outlines))
        sums = np.stack([np.bincount(place, xy, len(members)) for xy in corners.T], axis=1)
        centres = sums / np.bincount(place)[:, None]
        loss = _border_loss(place, weights, near_pairs(outlines, outlines, gap))
        chosen = choose_validation(measures, share, rng, centres=centres, loss=loss)
    else:
        chosen = choose_validation(measures, share, rng)
    validates = chosen[place]
    return Sides(
        tuple(chip for chip, val in zip(chips, validates, strict=True) if not val),
        tuple(chip for chip, val in zip(chips, validates, strict=True) if val),
    )


def _border_loss(
    place: np.ndarray, weights: np.ndarray, pairs: np.ndarray
) -> Callable[[np.ndarray], float]:
    """Reckon with the training chips that lie near the other side.

    Args:
        place: group of each chip, shape (chips,).
        weights: measures of each chip, shape (chips, measures).
        pairs: chips near each other, shape (2, pairs).

    Returns:
        The worst lost share of a measure, from True for groups that validate; infinity if no
        landslide is left to train on.
    """
    chip, other = pairs[:, place[pairs[0]] != place[pairs[1]]]

    def loss(validates: np.ndarray) -> float:
        val = validates[place]
        lost = np.zeros(len(val), bool)
        lost[chip[~val[chip] & val[other]]] = True
        if not weights[~(val | lost), 0].any():
            return np.inf
        return (weights[lost].sum(axis=0) / np.maximum(weights.sum(axis=0), 1)).max()

    return loss
