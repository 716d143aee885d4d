"""Where the numbers of landslides go on a map: largest first, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Width of a digit and height of a line of the default font, by its size.
DIGIT, LINE = 0.64, 0.95
# What does not find a place among so many of the largest is not tried.
TRIED = 3000


@dataclass(frozen=True)
class PlacedNumber:
    """A number and the middle of its place, in the units of the outlines' bounds."""

    row: int
    x: float
    y: float


def place_numbers(
    bounds: np.ndarray,
    texts: Sequence[str],
    *,
    order: np.ndarray,
    size: float,
    area: tuple[float, float],
    reserved: Sequence[tuple[float, float, float, float]] = (),
    most: int = 250,
) -> list[PlacedNumber]:
    """Place numbers inside, beside, above or below their landslides.

    Args:
        bounds: (left, top, right, bottom) of the outlines, shape (landslides, 4), on an area
            whose lower right corner is ``area``; y runs downwards.
        texts: what to write.
        order: rows by precedence.
        size: of the font, in the units of the bounds.
        area: (width, height), beyond which nothing is placed.
        reserved: boxes (left, top, right, bottom) to keep free.
        most: largest number of numbers.

    Returns:
        Those that found a place, in order.
    """
    taken = np.full((most + len(reserved), 4), np.nan)
    taken[: len(reserved)] = np.reshape(reserved, (-1, 4))
    placed: list[PlacedNumber] = []
    for row in order[:TRIED].tolist():
        if len(placed) == most:
            break
        half = np.array([DIGIT * size * len(texts[row]), LINE * size]) / 2
        for middle in _candidates(bounds[row], half):
            low, high = middle - half, middle + half
            inside = (low >= 0).all() and (high <= area).all()
            # Comparisons with NaN, of places not yet taken, are False.
            over = (taken[:, :2] < high).all(axis=1) & (taken[:, 2:] > low).all(axis=1)
            if inside and not over.any():
                taken[len(reserved) + len(placed)] = *low, *high
                placed.append(PlacedNumber(row, *middle.tolist()))
                break
    return placed


def _candidates(bounds: np.ndarray, half: np.ndarray) -> list[np.ndarray]:
    low, high = bounds[:2], bounds[2:]
    middle = (low + high) / 2
    # A landslide larger than its number has it inside.
    inside = [middle] if (high - low >= 4 * half).all() else []
    reach = (high - low) / 2 + half + 0.15 * half[1]
    ways = ((1, 0), (-1, 0), (0, -1), (0, 1), (0.8, -0.8), (-0.8, -0.8), (0.8, 0.8), (-0.8, 0.8))
    return inside + [middle + reach * way for way in ways]
