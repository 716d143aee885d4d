"""Which chips train and which validate: whole blocks of ground go to one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chip_near import near_pairs
from dfpenet_mm.preparation.chip_plan import Chip
from dfpenet_mm.preparation.chip_validation import choose_validation


@dataclass(frozen=True)
class Split:
    """Chips of the two sides.

    Args:
        train: chips to train on.
        val: chips to validate on.
    """

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
    scenes = np.asarray(scenes)
    for index in np.flatnonzero(scenes > 0):
        earlier = np.flatnonzero(scenes < scenes[index])
        shared = shapely.area(shapely.intersection(np.asarray(blocks)[earlier], blocks[index]))
        smaller = np.minimum(shapely.area(np.asarray(blocks)[earlier]), blocks[index].area)
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
) -> Split:
    """Send every chip to the side of its block.

    Args:
        chips: of all scenes; their blocks are places in ``groups``.
        groups: group of each block, shape (blocks,).
        share: of validation, in [0, 1); 0 trains on all.
        rng: source of the draw.
        outlines: of the chips, in one frame; with them the split is chosen such that few chips
            lie within the gap. Those that do are still in the split.
        gap: empty ground wanted between the two sides, in units of the outlines.

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
    weights = np.stack([landslide, landslide > 0, landslide == 0], axis=1)
    measures = np.stack([np.bincount(place, w, len(members)) for w in weights.T], axis=1)
    border = {}
    if len(outlines):
        centres = shapely.get_coordinates(shapely.centroid(outlines))
        sums = np.stack([np.bincount(place, xy, len(members)) for xy in centres.T], axis=1)
        border['centres'] = sums / np.bincount(place)[:, None]
        border['loss'] = _Border(place, weights, near_pairs(outlines, outlines, gap))
    validates = choose_validation(measures, share, rng, **border)[place]
    return Split(
        tuple(chip for chip, val in zip(chips, validates, strict=True) if not val),
        tuple(chip for chip, val in zip(chips, validates, strict=True) if val),
    )


class _Border:
    """What training loses to a split: the chips that are near chips of the other side.

    Args:
        place: group of each chip, shape (chips,).
        weights: measures of each chip, shape (chips, measures).
        pairs: chips near each other, shape (2, pairs).
    """

    def __init__(self, place: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> None:
        self._place = place
        self._weights = weights
        self._pairs = pairs[:, place[pairs[0]] != place[pairs[1]]]

    def __call__(self, validates: np.ndarray) -> float:
        """Return the worst lost share of a measure; infinity if no landslide is left."""
        val = validates[self._place]
        chip, other = self._pairs
        lost = np.zeros(len(val), bool)
        lost[chip[~val[chip] & val[other]]] = True
        if not self._weights[~(val | lost), 0].any():
            return np.inf
        return (self._weights[lost].sum(axis=0) / np.maximum(self._weights.sum(axis=0), 1)).max()
