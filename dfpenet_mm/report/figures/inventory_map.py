"""The numbered inventory over the image it was mapped from, as the paper's Figs. 8 and 11."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.class_rasters import in_pixels
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures import palette
from dfpenet_mm.report.figures.graticule import draw_graticule
from dfpenet_mm.report.figures.inventory_sheet import InventorySheet, draw_largest, place_numbers
from dfpenet_mm.report.figures.map_axes import (
    draw_north_arrow,
    draw_outlines,
    draw_scale_bar,
    frame,
    ground_aspect,
    place_axes,
    save,
    show_backdrop,
)
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.report.shown_inventory import ShownInventory, shown_inventory
from dfpenet_mm.review import ReviewStatus
from dfpenet_mm.wording import counted

NUMBER_SIZE = 6.0
# From so many landslides on, their lines are thinner.
MANY = 3000
# Points at the upper left that the north arrow takes, and at the bottom that the scale bar takes.
ARROW, BAR = 42, 30


# A map is passed on without its report, so that it says this itself.
BY_NETWORK = 'made by a neural network'
EDITED = 'edited afterwards'
WITHOUT_PRE = 'no pre-event data: may be older than the event'
# Stripes that mark ground, by the map's longer side.
STRIPES = 110


@dataclass(frozen=True)
class InventoryMap:
    """Contents of a map of an inventory.

    Args:
        backdrop: the image; everything is drawn in its pixels, so that a turned scene is no
            exception.
        inventory: landslides and rejected regions in the CRS of the backdrop; ``length_m`` and
            ``mean_probability`` are shown as far as they are there.
        title: what the heading begins with.
        notes: what stands below the heading, such as the event and the dates of the images.
        area: the only ground that was mapped, in the CRS of the backdrop; None for all.
        pre: the pre-event image on the grid of the backdrop, to mark where it has no data; None
            without one.
        review: how much was looked at; None for nothing.
    """

    backdrop: Backdrop
    inventory: ShownInventory
    title: str
    notes: Sequence[str] = ()
    area: BaseGeometry | None = None
    pre: Backdrop | None = None
    review: ReviewStatus | None = None

    @property
    def grid(self) -> RasterGrid:
        """Grid of the backdrop."""
        return self.backdrop.grid

    @property
    def landslides(self) -> gpd.GeoDataFrame:
        """The landslides."""
        return self.inventory.table

    @property
    def areas(self) -> np.ndarray:
        """Areas of the landslides, square metres, shape (landslides,)."""
        return self.landslides['area_m2'].to_numpy(dtype=float)

    @property
    def status(self) -> str:
        """Origin of the outlines, and who has looked at them."""
        told = [BY_NETWORK, *([EDITED] if self.inventory.edits else [])]
        seen = ReviewStatus(1, 0) if self.review is None else self.review
        # One line has no room for reviewers and shares of a review in part.
        return ', '.join([*told, seen.mark or seen.sentence])

    @property
    def without_pre(self) -> np.ndarray | None:
        """Pixels without pre-event data, bool; None without any, or without such an image."""
        if self.pre is None:
            return None
        missing = (self.backdrop.colours[..., 3] > 0) & (self.pre.colours[..., 3] == 0)
        if self.area is not None:
            missing &= self.grid.inside([self.area])
        return missing if missing.any() else None


def inventory_map(products: RunProducts) -> InventoryMap:
    """Describe the map of a run's inventory as it is now."""
    return InventoryMap(
        backdrop=products.backdrops['post'],
        inventory=shown_inventory(products.landslides, products.summary, products.rejected),
        title=products.post.name,
        area=products.area,
        pre=products.backdrops.get('pre'),
        review=products.review,
    )


@style.context('default')  # not the user's matplotlibrc
def draw_inventory_map(shown: InventoryMap, path: Path) -> Path:
    """Draw outlines and numbers over an image, with the largest ten in a table.

    Args:
        shown: what to draw.
        path: PNG to write.

    Returns:
        ``path``.

    Raises:
        OutputError: if the figure cannot be written.
    """
    sheet = InventorySheet.for_aspect(ground_aspect(shown.grid))
    figure = Figure(figsize=sheet.page)
    axes = place_axes(figure, *sheet.map)
    frame(axes, shown.grid)
    show_backdrop(axes, shown.backdrop, shown.grid)
    if shown.without_pre is not None:
        _draw_stripes(axes, shown.without_pre, shown.grid)
    _draw_outlines(axes, shown, sheet.map[2])
    _draw_numbers(axes, shown, sheet.map[2])
    draw_scale_bar(axes, shown.grid, fontsize=palette.TEXT)
    draw_north_arrow(axes, shown.grid)
    draw_graticule(axes, shown.grid)
    draw_largest(place_axes(figure, *sheet.table), shown.landslides, shown.areas)
    _draw_legend(place_axes(figure, *sheet.legend), shown)
    _draw_heading(figure, shown, sheet)
    return save(figure, path)


def _draw_heading(figure: Figure, shown: InventoryMap, sheet: InventorySheet) -> None:
    left, (width, height) = sheet.map[0], sheet.page
    said = f'{counted(len(shown.landslides), "landslide")}, {palette.area_text(shown.areas.sum())}'
    common: dict[str, Any] = {'va': 'top', 'parse_math': False}
    heading, below = f'{shown.title}: {said}', '; '.join([*shown.notes, shown.status])
    x, y = left / width, 1 - 0.12 / height
    figure.text(x, y, heading, fontsize=palette.HEADING, weight='bold', **common)
    figure.text(x, y - 0.24 / height, below, fontsize=palette.TEXT, color='#444444', **common)


def _draw_stripes(axes: Axes, where: np.ndarray, grid: RasterGrid) -> None:
    """Hatch pixels of a grid, so that the image is seen between."""
    period = max(4, max(grid.shape) // STRIPES)
    rows, cols = np.indices(where.shape)
    stripes = np.zeros((*where.shape, 4), np.uint8)
    stripes[where & ((rows + cols) % period < max(1, period // 6))] = (255, 255, 255, 150)
    axes.imshow(stripes, extent=(0, grid.shape[1], grid.shape[0], 0), aspect='auto')


def _draw_outlines(axes: Axes, shown: InventoryMap, width: float) -> None:
    line = 0.5 if len(shown.landslides) > MANY else 0.9
    # A third of a dot of the page.
    tolerance = shown.grid.shape[1] / (width * palette.DPI) / 3
    area = None if shown.area is None else gpd.GeoDataFrame(geometry=[shown.area])
    for table, colour in (
        (area, palette.AREA),
        (shown.inventory.rejected, palette.REMOVED),
        (shown.landslides, palette.KEPT),
    ):
        if table is not None:
            outlines = in_pixels(table.geometry, shown.grid)
            draw_outlines(axes, outlines, colour, width=line, tolerance=tolerance)


def _draw_numbers(axes: Axes, shown: InventoryMap, width: float) -> None:
    # From pixels to points, 72 an inch; a pixel need not be square on the ground.
    grid = shown.grid
    rows, cols = grid.shape
    points = 72 * width * np.array([1 / cols, ground_aspect(grid) / rows])
    right, bottom = points * (cols, rows)
    outlines = in_pixels(shown.landslides.geometry, grid)
    texts = shown.landslides['id'].astype(str).tolist()
    placed = place_numbers(
        shapely.bounds(outlines).reshape(-1, 4) * np.tile(points, 2),
        texts,
        order=np.argsort(-shown.areas, kind='stable'),
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


def _draw_legend(axes: Axes, shown: InventoryMap) -> None:
    areas, rejected = shown.areas, shown.inventory.rejected
    entries = [(palette.KEPT, f'landslide ({len(areas):,})')]
    if rejected is not None:
        entries.append((palette.REMOVED, f'rejected region ({len(rejected):,})'))
    entries.append((palette.NO_DATA, 'no data'))
    if shown.area is not None:
        entries.append((palette.OUTSIDE, 'outside the area of interest'))
    handles: list[Artist] = [
        Line2D([], [], color=colour, lw=2.5, label=label) for colour, label in entries
    ]
    if shown.without_pre is not None:
        handles.append(Patch(fc='#777777', ec='white', hatch='////', lw=0, label=WITHOUT_PRE))
    axes.set_axis_off()
    axes.legend(
        handles=handles,
        loc='upper left',
        borderaxespad=0,
        frameon=False,
        fontsize=palette.TEXT,
    )
    lines = [f'total area {palette.area_text(areas.sum())}']
    if len(areas):
        largest, median = map(palette.area_text, (areas.max(), np.median(areas)))
        lines.append(f'largest {largest}, median {median}')
        lines.append('numbers: the largest first, where there is room')
    lines.append('frame: longitude and latitude (WGS 84)')
    axes.annotate(
        '\n'.join(lines),
        (0, 1),
        xycoords='axes fraction',
        xytext=(0, -16 * len(handles) - 6),
        textcoords='offset points',
        fontsize=palette.SMALL,
        va='top',
        linespacing=1.6,
    )
