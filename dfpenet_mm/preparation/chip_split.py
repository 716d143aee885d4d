"""Which chips train and which validate: whole blocks of ground go to one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chip_plan import Chip

# Chips that adjoin may seem to overlap by so many pixels, by rounding in another grid.
ROUNDING = 0.01
# Random splits among which the one with the most even shares is taken.
DRAWS = 256


@dataclass(frozen=True)
class Split:
    """Chips of the two sides.

    Args:
        train: chips to train on.
        val: chips to validate on.
        too_close: training chips left out, as they overlap the ground of validation chips of
            another scene or lie within the gap.
    """

    train: tuple[Chip, ...]
    val: tuple[Chip, ...]
    too_close: int = 0


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
    scenes = np.asarray(scenes)
    for index in np.flatnonzero(scenes > 0):
        earlier = np.flatnonzero(scenes < scenes[index])
        shared = shapely.area(shapely.intersection(np.asarray(blocks)[earlier], blocks[index]))
        smaller = np.minimum(shapely.area(np.asarray(blocks)[earlier]), blocks[index].area)
        cover = shared / np.maximum(smaller, np.finfo(float).tiny)
        if cover.max() > 0.5:
            groups[index] = groups[earlier[cover.argmax()]]
    return groups


def choose_validation(measures: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Choose the groups of blocks that validate.

    Landslides cluster, so that a blind draw may give one side few of them. Of ``DRAWS`` random
    draws the one is taken whose worst measure is closest to the share.

    Args:
        measures: of each group, shape (groups, 3): landslide pixels, chips with landslides and
            chips without.
        share: of every measure wanted for validation, in (0, 1).
        rng: source of the draws.

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
    best, chosen = np.inf, np.empty(0, int)
    for _ in range(DRAWS):
        order = rng.permutation(len(measures))
        missed = np.abs(np.cumsum(shares[order], axis=0) - share).max(axis=1)
        landslides = np.cumsum(measures[order, 0] > 0)
        # Both sides need landslides.
        missed[(landslides == 0) | (landslides == hit)] = np.inf
        count = missed.argmin()
        if missed[count] < best:
            best, chosen = missed[count], order[: count + 1]
    return np.isin(np.arange(len(measures)), chosen)


def split_chips(
    chips: Sequence[Chip], groups: np.ndarray, share: float, rng: np.random.Generator
) -> Split:
    """Send every chip to the side of its block.

    Args:
        chips: of all scenes; their blocks are places in ``groups``.
        groups: group of each block, shape (blocks,).
        share: of validation, in [0, 1); 0 trains on all.
        rng: source of the draw.

    Raises:
        ConfigError: if the share is out of its range, or blocks do not suffice.
    """
    if not 0 <= share < 1:
        raise ConfigError(f'the validation share is {share}; give a number in [0, 1)')
    if share == 0:
        return Split(tuple(chips), ())
    group = groups[[chip.block for chip in chips]]
    members, place = np.unique(group, return_inverse=True)
    landslide = np.array([chip.landslide for chip in chips])
    weights = (landslide, landslide > 0, landslide == 0)
    measures = np.stack([np.bincount(place, w, len(members)) for w in weights], axis=1)
    validates = choose_validation(measures, share, rng)[place]
    return Split(
        tuple(chip for chip, val in zip(chips, validates, strict=True) if not val),
        tuple(chip for chip, val in zip(chips, validates, strict=True) if val),
    )


def far_enough(
    train: Sequence[shapely.Polygon], val: Sequence[shapely.Polygon], gap: float
) -> np.ndarray:
    """Find the training chips that share no ground with validation chips.

    Args:
        train: outlines of the training chips, in pixels of one grid.
        val: likewise of the validation chips.
        gap: empty ground wanted between the two, pixels; 0 lets chips adjoin.

    Returns:
        True for chips that may train, shape (train,).
    """
    if not len(val) or not len(train):
        return np.ones(len(train), bool)
    shrunk = shapely.buffer(val, -ROUNDING, join_style='mitre')
    near, _ = shapely.STRtree(shrunk).query(train, predicate='dwithin', distance=gap)
    far = np.ones(len(train), bool)
    far[near] = False
    return far
