"""Chips at random places of some ground, as section 4.2.1 samples its 100 and 30."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import Chip

# Rounds of as many draws as chips are missing, before the ground is taken to be full.
ROUNDS = 64

Accept = Callable[[Sequence[Chip]], Sequence[Chip]]


def draw_chips(
    count: int,
    ground: Sequence[Chip],
    side: int,
    rng: np.random.Generator,
    accept: Accept,
) -> tuple[Chip, ...]:
    """Draw chips at random, every place on the ground with the same chance and none twice.

    Args:
        count: how many.
        ground: windows in which the chips lie as a whole, each at least one chip high and wide.
        side: of a chip, pixels.
        rng: source of the draw.
        accept: is given drawn chips and returns those that serve, their pixels counted.

    Returns:
        The chips in the order of the draw.

    Raises:
        ConfigError: if the ground has no place for so many.

    Source: section 4.2.1: "we randomly sampled 512 x 512 patches".
    """
    places = np.array(
        [[part.window.height - side + 1, part.window.width - side + 1] for part in ground]
    )
    chances = places.prod(axis=1) / places.prod(axis=1).sum()
    drawn: set[tuple[int, int, int]] = set()
    chips: list[Chip] = []
    for _ in range(ROUNDS):
        batch = []
        for number in rng.choice(len(ground), count - len(chips), p=chances):
            part, (rows, cols) = ground[number], rng.integers(places[number])
            row, col = int(part.window.row_off + rows), int(part.window.col_off + cols)
            chip = Chip(part.scene, part.block, Window(col, row, side, side))
            if (chip.scene, row, col) not in drawn:
                drawn.add((chip.scene, row, col))
                batch.append(chip)
        chips += accept(batch)
        if len(chips) == count:
            return tuple(chips)
    raise ConfigError(
        f'{len(chips)} of {count} random chips of {side} pixels found a place of their own with '
        f'data, far enough from validation; ask for fewer or smaller ones, or give more images'
    )
