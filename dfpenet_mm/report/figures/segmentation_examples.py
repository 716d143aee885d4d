"""Close-ups of what was recognised where, as the paper's Fig. 3 shows its samples."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from string import ascii_lowercase

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dfpenet_mm.report.figures.evaluation_codes import (
    CONFUSION_COLOURS,
    CONFUSION_LABELS,
)
from dfpenet_mm.report.figures.evaluation_files import evaluation_file
from dfpenet_mm.report.figures.map_axes import (
    frame,
    ground_aspect,
    save,
)
from dfpenet_mm.report.figures.map_furniture import draw_scale_bar
from dfpenet_mm.report.figures.palette import (
    HEADING,
    KEPT,
    NO_DATA,
    PAGE_WIDTH,
    REMOVED,
    TEXT,
)
from dfpenet_mm.report.figures.run_chip import RunChip
from dfpenet_mm.report.figures.run_view import RunView
from dfpenet_mm.report.figures.telling_places import Place, telling_places
from dfpenet_mm.report.run_products import RunProducts

PROBABILITY, JUDGED = 'probability', 'against the reference'
# Inches: for the words beside a row, between cells, for headings, for the legend; a cell.
LABEL, GAP, TOP, BOTTOM, MOST_SIDE = 1.35, 0.08, 0.62, 0.5, 1.7
# Letters of the words beside a row.
LETTERS = 17
Draw = Callable[[RunChip, Axes], AxesImage | None]


def draw_segmentation_examples(view: RunView, path: Path) -> Path | None:
    """Draw telling places: images, probability, mask and, with a reference, what agrees.

    Args:
        view: of the run.
        path: PNG to write.

    Returns:
        ``path``; None if there is no region to look at.

    Raises:
        InputFileError: if a raster or layer cannot be read.
        OutputError: if the figure cannot be written.
    """
    products = view.products
    places = telling_places(products)
    if not places:
        return None
    columns = _columns(products)
    side = min((PAGE_WIDTH - LABEL - (len(columns) - 1) * GAP - 0.1) / len(columns), MOST_SIDE)
    width = LABEL + len(columns) * side + (len(columns) - 1) * GAP + 0.1
    height = TOP + len(places) * (side + GAP) + BOTTOM
    figure = Figure(figsize=(width, height))
    shown = None
    for row, place in enumerate(places):
        chip = RunChip(products, place.bounds)
        y = height - TOP - side - row * (side + GAP)
        for column, (heading, draw) in enumerate(columns.items()):
            x = LABEL + column * (side + GAP)
            axes = figure.add_axes((x / width, y / height, side / width, side / height))
            frame(axes, chip.grid)
            axes.set_box_aspect(ground_aspect(chip.grid))
            image = draw(chip, axes)
            shown = image or shown
            if row == 0:
                axes.set_title(heading, fontsize=TEXT, pad=3)
            if column == 0:
                draw_scale_bar(axes, chip.grid)
        _label(figure, place, (0.08, y + side), row)
    figure.text(
        0.08 / width, 1 - 0.1 / height, 'Close-ups', fontsize=HEADING, weight='bold', va='top'
    )
    _furnish(figure, shown, list(columns), side)
    return save(figure, path)


def _columns(products: RunProducts) -> Mapping[str, Draw]:
    columns: dict[str, Draw] = {
        'post-event image': lambda chip, axes: chip.draw_image(axes, 'post')
    }
    if products.pre is not None:
        columns['pre-event image'] = lambda chip, axes: chip.draw_image(axes, 'pre')
    if products.product('probability.tif'):
        columns[PROBABILITY] = lambda chip, axes: chip.draw_probability(axes)
    columns['mask'] = lambda chip, axes: chip.draw_mask(axes)
    columns['inventory'] = lambda chip, axes: chip.draw_inventory(axes)
    verdicts = evaluation_file(products, '.tif')
    if verdicts is not None:
        columns[JUDGED] = lambda chip, axes: chip.draw_judged(axes, verdicts)
    return columns


def _label(figure: Figure, place: Place, at: tuple[float, float], row: int) -> None:
    width, height = figure.get_size_inches()
    x, y = at[0] / width, at[1] / height
    title = textwrap.wrap(f'({ascii_lowercase[row]}) {place.title}', LETTERS)
    figure.text(x, y, '\n'.join(title), fontsize=TEXT, weight='bold', va='top')
    lines = [part for line in place.lines for part in textwrap.wrap(line, LETTERS)]
    y -= 0.17 * len(title) / height
    figure.text(x, y, '\n'.join(lines), fontsize=TEXT, va='top', linespacing=1.3)


def _furnish(figure: Figure, shown: AxesImage | None, columns: list[str], side: float) -> None:
    width, height = figure.get_size_inches()
    entries = [
        Line2D([], [], color=KEPT, lw=2, label='landslide'),
        Line2D([], [], color=REMOVED, lw=2, label='rejected'),
    ]
    if JUDGED in columns:
        entries += [
            Patch(color=CONFUSION_COLOURS[code], label=CONFUSION_LABELS[code])
            for code in CONFUSION_COLOURS
        ]
    entries.append(Patch(color=NO_DATA, label='no data'))
    figure.legend(
        handles=entries,
        loc='lower left',
        bbox_to_anchor=(0.02, 0.02 / height),
        ncols=len(entries),
        frameon=False,
        fontsize=TEXT - 0.5,
        columnspacing=1.0,
        handlelength=1.4,
    )
    if shown is not None:
        x = LABEL + columns.index(PROBABILITY) * (side + GAP)
        bar = figure.add_axes((x / width, (BOTTOM - 0.1) / height, side / width, 0.08 / height))
        figure.colorbar(shown, cax=bar, orientation='horizontal', ticks=[0, 0.5, 1])
        bar.tick_params(labelsize=TEXT - 1.5, length=2, pad=1)
