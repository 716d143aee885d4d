"""Chips drawn at random: background to balance landslides, and places of some ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import Chip


def balance(chips: Sequence[Chip], ratio: float, rng: np.random.Generator) -> tuple[Chip, ...]:
    """Keep all chips with landslides and some of those without.

    The paper asks that landslide and background pixels be "as balanced as possible". Landslides
    cover a few per cent of the ground, so that even chips with landslides are mostly background,
    and every chip without tips the balance further: the balance asked for is ``ratio`` 0, which
    is the default. A ratio above 0 trades it for chips of what may be taken for a landslide and
    is none (rivers, fields, quarries), and for a precision on the validation chips that is nearer
    to that on a whole scene.

    Args:
        chips: of one side of the split.
        ratio: background chips for each chip with landslides, at least 0.
        rng: source of the draw of background chips, spread evenly by chance.

    Returns:
        The kept chips, in their order.

    Raises:
        ConfigError: if the ratio is negative or no number.

    Source: section 4.2.1, second strategy for selecting data.
    """
    if not (np.isfinite(ratio) and ratio >= 0):
        raise ConfigError(f'the background ratio is {ratio}; give a number of at least 0')
    background = [place for place, chip in enumerate(chips) if not chip.landslide]
    wanted = min(len(background), round(ratio * (len(chips) - len(background))))
    kept = set(rng.permutation(background)[:wanted].tolist())
    return tuple(chip for place, chip in enumerate(chips) if chip.landslide or place in kept)


# Rounds of as many draws as chips are missing, before the ground is taken to be full.
ROUNDS = 64


def draw_chips(
    count: int,
    ground: Sequence[Chip],
    side: int,
    rng: np.random.Generator,
    accept: Callable[[Sequence[Chip]], Sequence[Chip]],
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
