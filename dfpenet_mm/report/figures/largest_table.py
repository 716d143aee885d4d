"""The largest landslides in a table."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes

from dfpenet_mm.report.figures.palette import TEXT
from dfpenet_mm.report.inventory import numbers_in

ROWS = 10
NONE = 'n/a'
# Where columns end, as a share of the width.
COLUMNS = {'number': 0.14, 'area, m²': 0.42, 'length, m': 0.7, 'probability': 1.0}


def draw_largest(axes: Axes, landslides: gpd.GeoDataFrame, areas: np.ndarray) -> None:
    """Write number, area, length and mean probability of the largest ten landslides.

    Args:
        axes: an axes for the table alone.
        landslides: what it lacks of ``id``, ``length_m`` and ``mean_probability`` is n/a.
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
    ids = table['id'] if 'id' in table else order + 1
    cells = [
        [str(number) for number in ids],
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
