"""Arrows that show how far the pre-event image lies off the post-event one, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.map_axes import nice_length

USED, UNUSED = '#b2182b', '#bbbbbb'
# Longest side of the scene in the picture, and length of the arrow in its key, inches.
LONG_SIDE, KEY_ARROW = 9.0, 0.6


@style.context('default')  # not the user's matplotlibrc
def draw_shift(windows: pd.DataFrame, grid: RasterGrid, target: Path, *, heading: str) -> None:
    """Draw one arrow a window, from where the post-event image shows a thing to the other.

    Args:
        windows: with the columns ``x`` and ``y`` (middle of a window, map units), ``dx_m`` and
            ``dy_m`` (shift along x and y, metres) and ``used`` (False where it is chance).
        grid: of the scene, whose outline is drawn.
        target: picture to write, PNG.
        heading: what to write above.
    """
    rows, cols = grid.shape
    outline = shapely.get_coordinates(grid.outline)
    step_x, step_y = grid.pixel_size
    extent = np.ptp(outline, axis=0)
    # Degrees of latitude and longitude differ in length; so may the sides of a pixel.
    aspect = (step_y * rows / extent[1]) / (step_x * cols / extent[0])
    width, height = extent[0], extent[1] * aspect
    size = np.array([width, height]) * LONG_SIDE / max(width, height)
    figure = Figure(figsize=(max(size[0], 5) + 1, max(size[1], 2) + 1.5), layout='constrained')
    axes = figure.add_subplot(aspect=aspect, title=heading, xlabel='x (map units)')
    axes.set_ylabel('y (map units)')
    axes.ticklabel_format(useOffset=False, style='plain')
    axes.plot(*outline.T, color='black', linewidth=0.8)
    _draw_arrows(axes, windows)
    figure.legend(loc='outside lower left', ncols=2, frameon=False)
    figure.savefig(target, dpi=120)


def _draw_arrows(axes: Axes, windows: pd.DataFrame) -> None:
    used = windows[windows['used'].astype(bool)]
    chance = windows.drop(used.index)
    axes.plot(chance['x'], chance['y'], 'x', color=UNUSED, label=f'no agreement ({len(chance)})')
    axes.plot(used['x'], used['y'], '.', color=USED, label=f'measured ({len(used)})')
    if len(used):
        lengths = np.hypot(used['dx_m'], used['dy_m'])
        key = nice_length(max(1.5 * float(lengths.median()), 0.01))
        arrows = axes.quiver(
            *(used[name].to_numpy() for name in ('x', 'y', 'dx_m', 'dy_m')),
            color=USED,
            angles='uv',
            scale_units='inches',
            scale=key / KEY_ARROW,
            units='inches',
            width=0.027,
        )
        place = (0.75, 0.03)
        axes.quiverkey(arrows, *place, key, f'{key:g} m', labelpos='E', coordinates='figure')
