"""Counts of a data set of chips and of the inventory behind it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dfpenet_mm.polygons import Polygons
from dfpenet_mm.preparation.chips.plan import Chip
from dfpenet_mm.wording import counted


@dataclass(frozen=True)
class FeatureCounts:
    """Counts of an inventory's features.

    Args:
        features: all of them.
        mended: invalid ones that were made valid.
        ignored: those that are empty or no polygons.
        outside: polygons off all scenes.
        unburnt: polygons on a scene that hold no pixel's centre, and so have no label.
    """

    features: int
    mended: int
    ignored: int
    outside: int
    unburnt: int

    def line(self) -> str:
        """Say it in one line; what is not the case is left out."""
        rare = {
            f'{self.outside} outside of the images': self.outside,
            f'{self.unburnt} too small to label a pixel (--all-touched labels them)': self.unburnt,
        }
        return ', '.join(
            [
                counted(self.features, 'feature'),
                f'{self.mended} mended, {self.ignored} ignored',
                *(words for words, count in rare.items() if count),
            ]
        )


def count_features(
    inventory: Polygons, fates: Sequence[tuple[np.ndarray, np.ndarray]]
) -> FeatureCounts:
    """Count features by what became of them; one of several polygons by its luckiest.

    Args:
        inventory: the features.
        fates: of each scene, which polygons meet it and which burn a pixel of it, both of shape
            (polygons,), bool.
    """
    meets, burns = (np.any(part, axis=0) for part in zip(*fates, strict=True))
    on_scene = np.unique(inventory.records[meets])
    return FeatureCounts(
        features=inventory.features,
        mended=inventory.mended,
        ignored=inventory.ignored,
        outside=len(np.unique(inventory.records)) - len(on_scene),
        unburnt=len(np.setdiff1d(on_scene, inventory.records[burns])),
    )


@dataclass(frozen=True)
class SideCounts:
    """Counts of one side of the split.

    Args:
        chips: chips written.
        with_landslides: those with at least one landslide pixel.
        landslide: landslide pixels.
        background: background pixels.
        ignored: pixels labelled 255, as the scene has no data there or, in validation, an
            earlier chip holds them.
    """

    chips: int
    with_landslides: int
    landslide: int
    background: int
    ignored: int

    @classmethod
    def of(cls, chips: Sequence[Chip]) -> Self:
        """Count chips."""
        pixels = sum(chip.window.height * chip.window.width for chip in chips)
        landslide = sum(chip.landslide for chip in chips)
        valid = sum(chip.valid for chip in chips)
        hit = sum(chip.landslide > 0 for chip in chips)
        return cls(len(chips), hit, landslide, valid - landslide, pixels - valid)

    def line(self) -> str:
        """Say it in one line."""
        share = self.landslide / max(self.landslide + self.background, 1)
        return (
            f'{counted(self.chips, "chip")}, {self.with_landslides:,} with landslides; of the '
            f'pixels {share:.2%} landslide, {self.ignored} ignored'
        )


@dataclass(frozen=True)
class ChipReport:
    """Counts of the chips that were written, and of those left out.

    Args:
        sides: counts of ``train`` and ``val``.
        scenes: polygons near each scene, by the scene's file name.
        features: counts of the inventory's features.
        unreachable: polygons that a scene's CRS cannot show.
        surveyed: chips looked at.
        left_out: chips left out, by reason.
        lost: landslide pixels that no written chip holds, by reason, each counted once.
        notes: what a user should look at.
    """

    sides: Mapping[str, SideCounts]
    scenes: Mapping[str, int]
    features: FeatureCounts
    unreachable: int
    surveyed: int
    left_out: Mapping[str, int]
    lost: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        polygons = self.features.line()
        if self.unreachable:
            polygons += f', {counted(self.unreachable, "polygon")} out of reach'
        return [
            f'inventory: {polygons}',
            f'chips: {self.surveyed} surveyed; left out: {_listed(self.left_out)}',
            f'landslide pixels in no chip: {_listed(self.lost)}',
            *(f'{name}: {side.line()}' for name, side in self.sides.items()),
            *(f'note: {note}' for note in self.notes),
        ]


def _listed(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{count} {why}' for why, count in counts.items() if count) or 'none'
