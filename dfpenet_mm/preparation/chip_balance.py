"""As much background as landslides, as section 4.2.1 asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chip_plan import Chip


def balance(chips: Sequence[Chip], ratio: float, rng: np.random.Generator) -> tuple[Chip, ...]:
    """Keep all chips with landslides and so many of those without.

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
