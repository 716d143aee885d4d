"""Choice of the chips that become samples: validation first, then what may train beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.chip_files import TRAIN, VAL
from dfpenet_mm.preparation.chips.plan import Chip, HeldPixels, each_once, far_enough
from dfpenet_mm.preparation.chips.source import ChipSource
from dfpenet_mm.preparation.chips.split import Sides, group_blocks, split_chips
from dfpenet_mm.preparation.chips.survey import ChipSettings, Survey, outlines


@dataclass(frozen=True)
class ChosenChips:
    """The chips of both sides and the others.

    Args:
        sides: chips by side, in validation with the pixels counted that no earlier one holds.
        left_out: the other surveyed chips by reason, in the order in which their lost pixels are
            told.
    """

    sides: Mapping[str, tuple[Chip, ...]]
    left_out: Mapping[str, tuple[Chip, ...]]

    def lost_pixels(self, sources: Sequence[ChipSource], side: int) -> dict[str, int]:
        """Count the landslide pixels that no written chip holds, by reason, each pixel once."""
        held = HeldPixels(side, (chip for chips in self.sides.values() for chip in chips))
        lost = dict.fromkeys(self.left_out, 0)
        for reason, chips in self.left_out.items():
            for chip in (chip for chip in chips if chip.landslide):
                fresh = held.fresh(chip)
                if fresh.any():
                    lost[reason] += sources[chip.scene].count(chip, fresh).landslide
                held.add(chip)
        return lost


class ChipChooser:
    """Chooses the chips of both sides.

    Args:
        sources: the scenes.
        settings: how to choose.
        val_scenes: numbers of the scenes that validate as a whole; if there are any, no other
            ground validates.
    """

    def __init__(
        self,
        sources: Sequence[ChipSource],
        settings: ChipSettings,
        val_scenes: frozenset[int] = frozenset(),
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._val_scenes = val_scenes
        self._share = settings.share(whole_scenes=bool(val_scenes))
        if settings.random_val and not (self._share or val_scenes):
            raise ConfigError(
                f'{settings.random_val} random validation chips are wanted and there is no '
                f'ground to validate on; give --val-image or a validation share above 0'
            )
        self._rng = np.random.default_rng(settings.seed)

    @property
    def block_size(self) -> str | None:
        """Size of the blocks of ground; None if no scene is split."""
        return self._settings.block_size if self._share else None

    def choose(self, survey: Survey) -> ChosenChips:
        """Choose the chips: validation first, then what is far enough from it to train.

        Raises:
            ConfigError: if a side is left without landslides.
        """
        usable = [chip for chip in survey.chips if self._has_data(chip)]
        if not any(chip.landslide for chip in usable):
            raise ConfigError(
                f'every chip with landslides has more than {self._settings.max_nodata:.0%} nodata; '
                f'give a larger --max-nodata, smaller chips, or images with more data'
            )
        split = self._split(survey, usable)
        val = self._validation(survey, split.val)
        train, close = self._training(survey, split.train, val)
        sides = {TRAIN: train} | ({VAL: val} if self._share or self._val_scenes else {})
        _require_both(sides)
        ready = {(chip.scene, chip.window) for chips in sides.values() for chip in chips}
        replaced = [
            *(split.train if self._settings.random else ()),
            *(split.val if self._settings.random_val else ()),
        ]
        told = {id(chip) for chip in [*close, *replaced]}
        surplus = [
            chip
            for chip in usable
            if id(chip) not in told and (chip.scene, chip.window) not in ready
        ]
        left_out = {
            'mostly nodata': [chip for chip in survey.chips if not self._has_data(chip)],
            'too close to validation': close,
            'surplus background': surplus,
            'replaced by random ones': replaced,
        }
        return ChosenChips(sides, {reason: tuple(chips) for reason, chips in left_out.items()})

    def _split(self, survey: Survey, usable: Sequence[Chip]) -> Sides:
        if self._val_scenes:
            return Sides(
                tuple(chip for chip in usable if chip.scene not in self._val_scenes),
                tuple(chip for chip in usable if chip.scene in self._val_scenes),
            )
        if not self._share:
            return Sides(tuple(usable), ())
        blocks = outlines(self._sources, survey.blocks)
        return split_chips(
            usable,
            group_blocks(blocks, [block.scene for block in survey.blocks]),
            self._share,
            self._rng,
            outlines=outlines(self._sources, usable),
            gap=self._settings.gap,
        )

    def _validation(self, survey: Survey, grid: Sequence[Chip]) -> tuple[Chip, ...]:
        settings = self._settings
        if settings.random_val and grid:
            held = HeldPixels(settings.chip)

            def accept(drawn: Sequence[Chip]) -> list[Chip]:
                kept = []
                for chip in filter(self._has_data, map(self._count, drawn)):
                    scored = self._sources[chip.scene].count(chip, held.fresh(chip))
                    if scored.valid:
                        held.add(chip)
                        kept.append(scored)
                return kept

            ground = _ground(survey, grid)
            return draw_chips(settings.random_val, ground, settings.chip, self._rng, accept)
        kept = []
        for chip, fresh in each_once(
            balance(grid, settings.background_ratio, self._rng), settings.chip
        ):
            scored = chip if fresh.all() else self._sources[chip.scene].count(chip, fresh)
            if scored.valid:
                kept.append(scored)
        return tuple(kept)

    def _training(
        self, survey: Survey, grid: Sequence[Chip], val: Sequence[Chip]
    ) -> tuple[tuple[Chip, ...], list[Chip]]:
        """Return the chips to train on, and those of the grid too close to validation."""
        settings = self._settings
        val_outlines = outlines(self._sources, val)

        def far(chips: Sequence[Chip]) -> np.ndarray:
            return far_enough(outlines(self._sources, chips), val_outlines, settings.gap)

        if settings.random and grid:

            def accept(drawn: Sequence[Chip]) -> list[Chip]:
                apart = [chip for chip, keep in zip(drawn, far(drawn), strict=True) if keep]
                return list(filter(self._has_data, map(self._count, apart)))

            ground = _ground(survey, grid)
            return draw_chips(settings.random, ground, settings.chip, self._rng, accept), []
        apart = list(zip(grid, far(grid), strict=True))
        kept = [chip for chip, keep in apart if keep]
        close = [chip for chip, keep in apart if not keep]
        return balance(kept, settings.background_ratio, self._rng), close

    def _count(self, chip: Chip) -> Chip:
        return self._sources[chip.scene].count(chip)

    def _has_data(self, chip: Chip) -> bool:
        pixels = chip.window.height * chip.window.width
        return chip.valid > 0 and pixels - chip.valid <= self._settings.max_nodata * pixels


def _ground(survey: Survey, chips: Sequence[Chip]) -> list[Chip]:
    """Return the blocks in which chips lie."""
    numbers = {chip.block for chip in chips}
    return [block for block in survey.blocks if block.block in numbers]


def _require_both(sides: Mapping[str, Sequence[Chip]]) -> None:
    for side, chips in sides.items():
        if not any(chip.landslide for chip in chips):
            raise ConfigError(
                f'no chip with landslides is left for {side}; give a gap of 0 so that its chips '
                f'may adjoin those of the other side, smaller blocks or chips, or more images'
            )


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
