"""The page of an inventory: map, numbers, legend, and the largest landslides in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes

from dfpenet_mm.report.figures.palette import PAGE_HEIGHT, PAGE_WIDTH, TEXT
from dfpenet_mm.report.shown_inventory import numbers_in

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


ROWS = 10
NONE = 'n/a'
# Where columns end, as a share of the width.
COLUMNS = {'number': 0.14, 'area, m²': 0.42, 'length, m': 0.7, 'probability': 1.0}


def draw_largest(axes: Axes, landslides: gpd.GeoDataFrame, areas: np.ndarray) -> None:
    """Write number, area, length and mean probability of the largest ten landslides.

    Args:
        axes: an axes for the table alone.
        landslides: with ``id``; what it lacks of ``length_m`` and ``mean_probability`` is n/a.
        areas: square metres, shape (landslides,).
    """
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(ROWS + 2, 0))
    axes.text(0, 0.5, _heading(len(landslides)), fontsize=TEXT, weight='bold', va='center')
    if not len(landslides):
        return
    for name, right in COLUMNS.items():
        axes.text(right, 1.5, name, fontsize=TEXT, ha='right', va='center', color='#444444')
    axes.plot([0, 1], [2, 2], color='#888888', lw=0.6)
    order = np.argsort(-areas, kind='stable')[:ROWS]
    table = landslides.iloc[order]
    cells = [
        table['id'].astype(str).tolist(),
        [f'{area:,.0f}' for area in areas[order]],
        _column(table, 'length_m', ',.0f'),
        _column(table, 'mean_probability', '.2f'),
    ]
    for right, column in zip(COLUMNS.values(), cells, strict=True):
        for row, text in enumerate(column):
            axes.text(right, row + 2.5, text, fontsize=TEXT, ha='right', va='center')


def _heading(count: int) -> str:
    if count < 2:
        return 'the only landslide' if count else 'no landslides'
    return f'the largest {min(count, ROWS)} of {count:,}'


def _column(table: gpd.GeoDataFrame, name: str, style: str) -> list[str]:
    values = numbers_in(table, name)
    return [NONE if np.isnan(value) else f'{value:{style}}' for value in values]
