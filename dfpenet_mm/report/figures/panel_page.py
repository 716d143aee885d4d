"""A page of lettered panels that show the same scene, with one heading and one legend."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures import palette
from dfpenet_mm.report.figures.map_axes import (
    draw_north_arrow,
    draw_scale_bar,
    frame,
    ground_aspect,
    place_axes,
    save,
)

# Inches: around the page, between panels, for the heading, least room for a panel's own.
MARGIN, GAP, TOP, LEAST_PITCH = 0.1, 0.15, 0.4, 1.7
# A panel wider than that shows no more, unless it is a low strip.
MOST_WIDTH = 4.3
# Of a legend's patch with what surrounds it.
PATCH = 0.55


@dataclass(frozen=True)
class Layout:
    """Arrangement of equal panels on a page; lengths in inches.

    Args:
        rows: of panels.
        cols: of panels.
        width: of a panel.
        height: of a panel.
        pitch: from one panel to the next one beside it.
    """

    rows: int
    cols: int
    width: float
    height: float
    pitch: float


def best_layout(count: int, aspect: float, *, above: float, around: float) -> Layout:
    """Choose how many panels stand side by side, so that they become as large as a page allows.

    Args:
        count: number of panels.
        aspect: height of a panel by its width.
        above: room for the heading of a panel, inches.
        around: room for what stands above and below all panels, inches.
    """
    most = max(1, int((palette.PAGE_WIDTH - 2 * MARGIN + GAP) / LEAST_PITCH))
    layouts = []
    for cols in range(1, min(count, most) + 1):
        rows = -(-count // cols)
        width = min(
            (palette.PAGE_WIDTH - 2 * MARGIN - (cols - 1) * GAP) / cols,
            max((palette.PAGE_HEIGHT - around) / rows - above, 1.0) / aspect,
            max(MOST_WIDTH, MOST_WIDTH / (2 * aspect)),
        )
        layouts.append(Layout(rows, cols, width, width * aspect, max(width + GAP, LEAST_PITCH)))
    # Of layouts as good as each other the lowest.
    return max(layouts, key=lambda layout: (round(layout.width, 3), layout.cols))


class PanelPage:
    """A figure of panels.

    Args:
        grid: of the scene that all panels show.
        headings: what stands above each panel, without its letter; lines end with a newline.
        heading: of the page.
        legend: colours and what they mean.
    """

    def __init__(
        self,
        grid: RasterGrid,
        headings: Sequence[str],
        *,
        heading: str,
        legend: Mapping[str, str],
    ) -> None:
        self._grid = grid
        lines = max(text.count('\n') + 1 for text in headings)
        layout = best_layout(
            len(headings),
            ground_aspect(grid),
            above=palette.LINE * (lines + 1),
            around=TOP + 2 * palette.LINE,
        )
        letters = max(10, int((layout.pitch - GAP) / palette.LETTER))
        self._headings = [
            _wrapped(f'({letter}) {text}', letters)
            for letter, text in zip(ascii_lowercase, headings, strict=False)
        ]
        width = max(layout.cols * layout.pitch - GAP + 2 * MARGIN, 5.0)
        legend_cols = columns_of_legend(list(legend), width)
        below = palette.LINE * 1.2 * math.ceil(len(legend) / legend_cols) + 0.2
        self._places, bottom = _boxes(layout, self._headings)
        height = bottom + below
        self.figure = Figure(figsize=(width, height))
        self.dots = int(max(layout.width, layout.height) * palette.DPI)
        self.figure.text(
            MARGIN / width,
            1 - 0.1 / height,
            heading,
            fontsize=palette.HEADING,
            weight='bold',
            va='top',
        )
        handles = [Patch(color=colour, label=label) for label, colour in legend.items()]
        draw_legend(self.figure, handles, legend_cols)

    def panels(self) -> Iterator[Axes]:
        """Add the panels, one after the other; the first one has scale bar and north arrow."""
        for number, (box, heading) in enumerate(zip(self._places, self._headings, strict=True)):
            axes = place_axes(self.figure, *box)
            frame(axes, self._grid)
            axes.set_title(heading, fontsize=palette.TEXT, loc='left', pad=3)
            if number == 0:
                draw_scale_bar(axes, self._grid)
                draw_north_arrow(axes, self._grid)
            yield axes

    def save(self, path: Path, mark: str = '') -> Path:
        """Write the page as PNG, with a mark as of ``map_axes.save``."""
        return save(self.figure, path, mark)


def _boxes(
    layout: Layout, headings: Sequence[str]
) -> tuple[list[tuple[float, float, float, float]], float]:
    """Return (left, top, width, height) of every panel and where the last row of them ends.

    All in inches from the upper left corner of the page.
    """
    boxes, top = [], TOP
    for first in range(0, len(headings), layout.cols):
        row = headings[first : first + layout.cols]
        top += palette.LINE * (max(text.count('\n') for text in row) + 1) + 0.12
        boxes += [
            (MARGIN + col * layout.pitch, top, layout.width, layout.height)
            for col in range(len(row))
        ]
        top += layout.height
    return boxes, top


def _wrapped(text: str, letters: int) -> str:
    return '\n'.join(
        part for line in text.split('\n') for part in textwrap.wrap(line, letters) or ['']
    )


def draw_legend(figure: Figure, handles: Sequence[Patch], cols: int) -> None:
    """Draw a legend of so many columns at the foot of a page."""
    width, height = figure.get_size_inches()
    figure.legend(
        handles=list(handles),
        loc='lower left',
        bbox_to_anchor=(MARGIN / width, 0.08 / height),
        borderaxespad=0,
        borderpad=0,
        ncols=cols,
        frameon=False,
        fontsize=palette.TEXT,
        columnspacing=1.5,
    )


def columns_of_legend(labels: Sequence[str], width: float) -> int:
    """Return the largest number of columns that fits; entries run down the columns.

    Args:
        labels: of the entries.
        width: of the page, inches.
    """
    widths = np.array([PATCH + palette.LETTER * len(label) for label in labels])
    for cols in range(len(widths), 1, -1):
        # As matplotlib shares them out.
        columns = np.array_split(widths, cols)
        if sum(column.max() for column in columns) <= width - 2 * MARGIN:
            return cols
    return 1
