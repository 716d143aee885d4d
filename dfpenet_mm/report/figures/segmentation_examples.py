"""Close-ups of what was recognised where, as the paper's Fig. 3 shows its samples."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dfpenet_mm.class_rasters import in_pixels
from dfpenet_mm.report.figures import palette
from dfpenet_mm.report.figures.map_axes import (
    draw_scale_bar,
    frame,
    ground_aspect,
    save,
)
from dfpenet_mm.report.figures.run_chip import RunChip
from dfpenet_mm.report.figures.run_view import RunView, areas_m2
from dfpenet_mm.report.run_products import RunProducts


@dataclass(frozen=True)
class Place:
    """A region to look at.

    Args:
        title: why it tells something.
        lines: its number and measures.
        bounds: (left, top, right, bottom) in the scene's pixels.
    """

    title: str
    lines: tuple[str, ...]
    bounds: tuple[float, float, float, float]


def telling_places(products: RunProducts) -> list[Place]:
    """Choose the largest and a least certain landslide, a rejected region, an error of each kind.

    Returns:
        As many as there are: none without any region. False alarm and miss are the largest ones
        by an evaluation.
    """
    return list(_places(products))


def _places(products: RunProducts) -> Iterator[Place]:
    landslides, rejected = products.landslides, products.rejected
    largest = _largest(products, landslides)
    if largest is not None:
        yield _place(products, landslides, largest, 'the largest')
        certainty = landslides.get('mean_probability')
        if certainty is not None and certainty.notna().any():
            # Of the uncertain ones the largest, for the smallest show nothing.
            doubtful = certainty <= np.nanquantile(certainty, 0.1)
            row = _largest(products, landslides, doubtful.to_numpy())
            if row is not None and row != largest:
                yield _place(products, landslides, row, 'among the least certain')
    if rejected is not None:
        row = _largest(products, rejected)
        if row is not None:
            hook = palette.hook_words(str(rejected['hook'].iloc[row]))
            yield _place(products, rejected, row, 'rejected', f'by {hook}')
    path = products.evaluation_file('.gpkg')
    if path is None:
        return
    for layer, status, title in (('predicted', 'FP', 'false alarm'), ('reference', 'FN', 'miss')):
        table = products.layer(path.name, layer)
        if table is not None and 'status' in table:
            row = _largest(products, table, (table['status'] == status).to_numpy())
            if row is not None:
                origin = ('of the reference',) if layer == 'reference' else ()
                yield _place(products, table, row, title, *origin)


def _largest(
    products: RunProducts, table: gpd.GeoDataFrame, chosen: np.ndarray | None = None
) -> int | None:
    areas = areas_m2(table, products.grid)
    if chosen is not None:
        areas = np.where(chosen, areas, -1)
    return int(areas.argmax()) if (areas > 0).any() else None


def _place(
    products: RunProducts, table: gpd.GeoDataFrame, row: int, title: str, *more: str
) -> Place:
    fields = table.iloc[row]
    area = areas_m2(table.iloc[[row]], products.grid)[0]
    number = [f'no. {fields["id"]}'] if 'id' in table else []
    probability = fields.get('mean_probability')
    known = probability is not None and np.isfinite(probability)
    certainty = [f'probability {probability:.2f}'] if known else []
    (outline,) = in_pixels(table.geometry.iloc[[row]], products.grid)
    lines = (*number, palette.area_text(area), *certainty, *more)
    return Place(title, lines, tuple(shapely.bounds(outline).tolist()))


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
    side = min(
        (palette.PAGE_WIDTH - LABEL - (len(columns) - 1) * GAP - 0.1) / len(columns), MOST_SIDE
    )
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
                axes.set_title(heading, fontsize=palette.TEXT, pad=3)
            if column == 0:
                draw_scale_bar(axes, chip.grid)
        _label(figure, place, (0.08, y + side), row)
    figure.text(
        0.08 / width,
        1 - 0.1 / height,
        'Close-ups',
        fontsize=palette.HEADING,
        weight='bold',
        va='top',
    )
    _furnish(figure, shown, list(columns), side)
    return save(figure, path, products.review.mark)


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
    verdicts = products.evaluation_file('.tif')
    if verdicts is not None:
        columns[JUDGED] = lambda chip, axes: chip.draw_judged(axes, verdicts)
    return columns


def _label(figure: Figure, place: Place, at: tuple[float, float], row: int) -> None:
    width, height = figure.get_size_inches()
    x, y = at[0] / width, at[1] / height
    title = textwrap.wrap(f'({ascii_lowercase[row]}) {place.title}', LETTERS)
    figure.text(x, y, '\n'.join(title), fontsize=palette.TEXT, weight='bold', va='top')
    lines = [part for line in place.lines for part in textwrap.wrap(line, LETTERS)]
    y -= 0.17 * len(title) / height
    figure.text(x, y, '\n'.join(lines), fontsize=palette.TEXT, va='top', linespacing=1.3)


def _furnish(figure: Figure, shown: AxesImage | None, columns: list[str], side: float) -> None:
    width, height = figure.get_size_inches()
    entries: list[Artist] = [
        Line2D([], [], color=palette.KEPT, lw=2, label='landslide'),
        Line2D([], [], color=palette.REMOVED, lw=2, label='rejected'),
    ]
    if JUDGED in columns:
        entries += [
            Patch(color=palette.CONFUSION_COLOURS[code], label=palette.CONFUSION_LABELS[code])
            for code in palette.CONFUSION_COLOURS
        ]
    entries.append(Patch(color=palette.NO_DATA, label='no data'))
    figure.legend(
        handles=entries,
        loc='lower left',
        bbox_to_anchor=(0.02, 0.02 / height),
        ncols=len(entries),
        frameon=False,
        fontsize=palette.TEXT - 0.5,
        columnspacing=1.0,
        handlelength=1.4,
    )
    if shown is not None:
        x = LABEL + columns.index(PROBABILITY) * (side + GAP)
        bar = figure.add_axes((x / width, (BOTTOM - 0.1) / height, side / width, 0.08 / height))
        figure.colorbar(shown, cax=bar, orientation='horizontal', ticks=[0, 0.5, 1])
        bar.tick_params(labelsize=palette.TEXT - 1.5, length=2, pad=1)
