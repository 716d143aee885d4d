"""What became of a scene's chips and an inventory's features, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from dfpenet_mm.preparation.chip_plan import Chip


@dataclass(frozen=True)
class SideCounts:
    """Counts of one side of the split.

    Args:
        chips: chips written.
        with_landslides: those with at least one landslide pixel.
        landslide: landslide pixels.
        background: background pixels.
        ignored: pixels labelled 255, as the scene has no data there.
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


@dataclass(frozen=True)
class ChipReport:
    """What a run wrote and what it left out.

    Args:
        sides: counts of ``train`` and ``val``.
        scenes: polygons near each scene, by the scene's file name.
        features: features of the inventory.
        mended: invalid features that were made valid.
        ignored: features that are empty or no polygons.
        unreachable: polygons that a scene's CRS cannot show.
        surveyed: chips looked at.
        mostly_nodata: chips left out for their nodata.
        too_close: training chips left out for being too close to validation chips.
        surplus: background chips left out by balancing.
        notes: what a user should look at.
    """

    sides: Mapping[str, SideCounts]
    scenes: Mapping[str, int]
    features: int
    mended: int
    ignored: int
    unreachable: int
    surveyed: int
    mostly_nodata: int
    too_close: int
    surplus: int
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        polygons = f'{self.features} features, {self.mended} mended, {self.ignored} ignored'
        if self.unreachable:
            polygons += f', {self.unreachable} polygon(s) out of reach'
        dropped = {
            'mostly nodata': self.mostly_nodata,
            'too close to validation': self.too_close,
            'surplus background': self.surplus,
        }
        left_out = ', '.join(f'{count} {why}' for why, count in dropped.items())
        return [
            f'inventory: {polygons}',
            f'chips: {self.surveyed} surveyed; left out: {left_out}',
            *(f'{name}: {_words(side)}' for name, side in self.sides.items()),
            *(f'note: {note}' for note in self.notes),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return asdict(self)


def _words(side: SideCounts) -> str:
    known = max(side.landslide + side.background, 1)
    return (
        f'{side.chips} chips, {side.with_landslides} with landslides; of the pixels '
        f'{side.landslide / known:.2%} landslide, {side.ignored} ignored (nodata)'
    )
