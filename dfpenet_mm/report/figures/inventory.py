"""The numbered inventory over the image it was mapped from, as the paper's Figs. 8 and 11."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures.class_raster import in_pixels
from dfpenet_mm.report.figures.graticule import draw_graticule
from dfpenet_mm.report.figures.inventory_sheet import InventorySheet
from dfpenet_mm.report.figures.largest_table import draw_largest
from dfpenet_mm.report.figures.map_axes import (
    frame,
    ground_aspect,
    place_axes,
    save,
    show_backdrop,
)
from dfpenet_mm.report.figures.map_furniture import draw_north_arrow, draw_scale_bar
from dfpenet_mm.report.figures.numbering import place_numbers
from dfpenet_mm.report.figures.outlines import draw_outlines
from dfpenet_mm.report.figures.palette import (
    DPI,
    HEADING,
    KEPT,
    NO_DATA,
    REMOVED,
    SMALL,
    TEXT,
    area_text,
)
from dfpenet_mm.report.figures.run_view import RunView
from dfpenet_mm.report.figures.stages import areas_m2
from dfpenet_mm.wording import counted

NUMBER_SIZE = 6.0
# From so many landslides on, their lines are thinner.
MANY = 3000
# Points at the upper left that the north arrow takes, and at the bottom that the scale bar takes.
ARROW, BAR = 42, 30


def draw_inventory(view: RunView, path: Path) -> Path:
    """Draw the inventory of a run.

    Args:
        view: of the run.
        path: PNG to write.

    Returns:
        ``path``.

    Raises:
        InputFileError: if the post-event image cannot be read.
        OutputError: if the figure cannot be written.
    """
    products = view.products
    return draw_inventory_map(
        backdrop=products.backdrops['post'],
        landslides=products.landslides,
        rejected=products.rejected,
        path=path,
        title=products.post.name,
    )


@style.context('default')  # not the user's matplotlibrc
def draw_inventory_map(
    *,
    backdrop: Backdrop,
    landslides: gpd.GeoDataFrame,
    rejected: gpd.GeoDataFrame | None,
    path: Path,
    title: str,
) -> Path:
    """Draw outlines and numbers over an image, with the largest ten in a table.

    Args:
        backdrop: the image; everything is drawn in its pixels, so that a turned scene is no
            exception.
        landslides: in the CRS of the backdrop; ``id``, ``area_m2``, ``length_m`` and
            ``mean_probability`` are shown as far as they are there.
        rejected: what hooks took away; None without any.
        path: PNG to write.
        title: what the heading begins with.

    Returns:
        ``path``.

    Raises:
        OutputError: if the figure cannot be written.
    """
    contents = _Contents(landslides, rejected, areas_m2(landslides, backdrop.grid))
    sheet = InventorySheet.for_aspect(ground_aspect(backdrop.grid))
    figure = Figure(figsize=sheet.page)
    axes = place_axes(figure, *sheet.map)
    frame(axes, backdrop.grid)
    show_backdrop(axes, backdrop, backdrop.grid)
    _draw_outlines(axes, contents, backdrop.grid, sheet.map[2])
    _draw_numbers(axes, contents, backdrop.grid, sheet.map[2])
    draw_scale_bar(axes, backdrop.grid, fontsize=TEXT)
    draw_north_arrow(axes, backdrop.grid)
    draw_graticule(axes, backdrop.grid)
    draw_largest(place_axes(figure, *sheet.table), landslides, contents.areas)
    _draw_legend(place_axes(figure, *sheet.legend), contents)
    total = area_text(contents.areas.sum())
    heading = f'{title}: {counted(len(landslides), "landslide")}, {total}'
    left, width, height = sheet.map[0], *sheet.page
    figure.text(left / width, 1 - 0.12 / height, heading, fontsize=HEADING, va='top', weight='bold')
    return save(figure, path)


def numbers(landslides: gpd.GeoDataFrame) -> list[str]:
    """Return the numbers of landslides: their ``id``, or else their place in the table."""
    if 'id' in landslides and landslides['id'].notna().all():
        return landslides['id'].astype(str).tolist()
    return [str(number) for number in range(1, len(landslides) + 1)]


@dataclass(frozen=True)
class _Contents:
    landslides: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    areas: np.ndarray


def _draw_outlines(axes: Axes, contents: _Contents, grid: RasterGrid, width: float) -> None:
    line = 0.5 if len(contents.landslides) > MANY else 0.9
    # A third of a dot of the page.
    tolerance = grid.shape[1] / (width * DPI) / 3
    for table, colour in ((contents.rejected, REMOVED), (contents.landslides, KEPT)):
        if table is not None:
            outlines = in_pixels(table.geometry, grid)
            draw_outlines(axes, outlines, colour, width=line, tolerance=tolerance)


def _draw_numbers(axes: Axes, contents: _Contents, grid: RasterGrid, width: float) -> None:
    # From pixels to points, 72 an inch; a pixel need not be square on the ground.
    rows, cols = grid.shape
    points = 72 * width * np.array([1 / cols, ground_aspect(grid) / rows])
    right, bottom = points * (cols, rows)
    outlines = in_pixels(contents.landslides.geometry, grid)
    texts = numbers(contents.landslides)
    placed = place_numbers(
        shapely.bounds(outlines).reshape(-1, 4) * np.tile(points, 2),
        texts,
        order=np.argsort(-contents.areas, kind='stable'),
        size=NUMBER_SIZE,
        area=(right, bottom),
        reserved=[(0, 0, ARROW, ARROW), (0, bottom - BAR, 0.3 * right, bottom)],
    )
    for number in placed:
        axes.text(
            number.x / points[0],
            number.y / points[1],
            texts[number.row],
            fontsize=NUMBER_SIZE,
            color='white',
            ha='center',
            va='center_baseline',
            path_effects=[withStroke(linewidth=1.6, foreground='black')],
        )


def _draw_legend(axes: Axes, contents: _Contents) -> None:
    areas, rejected = contents.areas, contents.rejected
    entries = [(KEPT, f'landslide ({len(areas):,})')]
    if rejected is not None and len(rejected):
        entries.append((REMOVED, f'rejected region ({len(rejected):,})'))
    entries.append((NO_DATA, 'no data'))
    axes.set_axis_off()
    axes.legend(
        handles=[Line2D([], [], color=colour, lw=2.5, label=label) for colour, label in entries],
        loc='upper left',
        borderaxespad=0,
        frameon=False,
        fontsize=TEXT,
    )
    lines = [f'total area {area_text(areas.sum())}']
    if len(areas):
        lines.append(f'largest {area_text(areas.max())}, median {area_text(np.median(areas))}')
        lines.append('numbers: the largest first, as far as there is room')
    lines.append('frame: longitude and latitude (WGS 84)')
    axes.annotate(
        '\n'.join(lines),
        (0, 1),
        xycoords='axes fraction',
        xytext=(0, -16 * len(entries) - 6),
        textcoords='offset points',
        fontsize=SMALL,
        va='top',
        linespacing=1.6,
    )
