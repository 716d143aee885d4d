"""Where map, table and legend of an inventory lie on a page."""

from __future__ import annotations

from dataclasses import dataclass

from dfpenet_mm.report.figures.palette import PAGE_HEIGHT, PAGE_WIDTH

Place = tuple[float, float, float, float]
# Inches: around the map, for latitudes, margin, heading and longitudes; table and legend.
LEFT, RIGHT, TOP, BELOW = 0.45, 0.12, 0.62, 0.3
TABLE_WIDTH, TABLE_HEIGHT, LEGEND_WIDTH, LEGEND_HEIGHT, GAP = 3.7, 2.2, 3.3, 1.5, 0.3


@dataclass(frozen=True)
class InventorySheet:
    """A page with a map; all in inches from its upper left corner.

    Args:
        page: (width, height).
        map: (left, top, width, height), as are the others.
        table: of the largest landslides.
        legend: with the totals.
    """

    page: tuple[float, float]
    map: Place
    table: Place
    legend: Place

    @classmethod
    def for_aspect(cls, aspect: float) -> InventorySheet:
        """Lay out a map of this height by width: a tall one has its table beside, others below."""
        return cls._beside(aspect) if aspect > 1 else cls._below(aspect)

    @classmethod
    def _below(cls, aspect: float) -> InventorySheet:
        width = PAGE_WIDTH - LEFT - RIGHT
        height = min(width * aspect, PAGE_HEIGHT - TOP - BELOW - TABLE_HEIGHT)
        width = height / aspect
        top = TOP + height + BELOW + 0.05
        return cls(
            page=(PAGE_WIDTH, top + TABLE_HEIGHT + RIGHT),
            map=(LEFT, TOP, width, height),
            table=(LEFT, top, TABLE_WIDTH, TABLE_HEIGHT),
            legend=(LEFT + TABLE_WIDTH + GAP, top, LEGEND_WIDTH, TABLE_HEIGHT),
        )

    @classmethod
    def _beside(cls, aspect: float) -> InventorySheet:
        width = min(
            PAGE_WIDTH - LEFT - 2 * RIGHT - TABLE_WIDTH - GAP, (PAGE_HEIGHT - TOP - BELOW) / aspect
        )
        height = width * aspect
        left = LEFT + width + GAP
        bottom = max(TOP + height, TOP + TABLE_HEIGHT + GAP + LEGEND_HEIGHT)
        return cls(
            page=(left + TABLE_WIDTH + RIGHT, bottom + BELOW),
            map=(LEFT, TOP, width, height),
            table=(left, TOP, TABLE_WIDTH, TABLE_HEIGHT),
            legend=(left, TOP + TABLE_HEIGHT + GAP, LEGEND_WIDTH, LEGEND_HEIGHT),
        )
