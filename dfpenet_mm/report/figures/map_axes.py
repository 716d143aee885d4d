"""Axes in the pixels of a scene, with outlines, scale bar and north arrow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Affine2D, ScaledTranslation
from rasterio.warp import transform as transform_points

from dfpenet_mm.class_rasters import painted
from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures.palette import DPI, NO_DATA, SMALL, TEXT, WARNING
from dfpenet_mm.vocabulary import WGS84

# Share of white in a backdrop that steps back behind what is drawn over it.
FAINT = 0.55


def ground_aspect(grid: RasterGrid) -> float:
    """Return height by width of a grid on the ground."""
    (rows, cols), (step_x, step_y) = grid.shape, grid.pixel_size
    return rows * step_y / (cols * step_x)


def frame(axes: Axes, grid: RasterGrid) -> None:
    """Give an axes the pixels of a grid as coordinates, rows downwards, without ticks."""
    rows, cols = grid.shape
    axes.set(xlim=(0, cols), ylim=(rows, 0), autoscale_on=False, facecolor=NO_DATA)
    axes.set_aspect('auto')
    axes.set(xticks=[], yticks=[])


def show_backdrop(axes: Axes, backdrop: Backdrop, grid: RasterGrid, *, faint: bool = False) -> None:
    """Show an image of the scene; in pale grey where it is to step back."""
    colours = backdrop.colours
    if faint:
        grey = colours[..., :3].mean(axis=2) * (1 - FAINT) + 255 * FAINT
        colours = np.dstack([*[np.rint(grey).astype(np.uint8)] * 3, colours[..., 3]])
    _show(axes, colours, grid, interpolation='auto')


def show_classes(
    axes: Axes, classes: np.ndarray, grid: RasterGrid, colours: Mapping[int, str]
) -> None:
    """Colour the cells of a raster over the scene; what has no colour is left clear.

    Args:
        axes: as ``frame`` made it.
        classes: uint8, shape (rows, cols), any size.
        grid: the scene's grid.
        colours: of the values.
    """
    rgba = {value: np.rint(255 * np.array(to_rgba(name))) for value, name in colours.items()}
    _show(axes, painted(classes, rgba), grid, interpolation='nearest')


def save(figure: Figure, path: Path, mark: str = '') -> Path:
    """Write a figure; the same one gives the same bytes, and it appears when it is complete.

    Args:
        figure: to write.
        path: PNG.
        mark: what a reader must know wherever the figure turns up, such as ``not reviewed``; it
            stands at the upper right. Empty for none.

    Raises:
        OutputError: if the disk refuses.
    """
    if mark:
        width, height = figure.get_size_inches()
        figure.text(
            1 - 0.1 / width,
            1 - 0.12 / height,
            mark,
            ha='right',
            va='top',
            fontsize=TEXT,
            weight='bold',
            color=WARNING,
        )
    with whole_file(path, parents=True) as part:
        figure.savefig(part, dpi=DPI, format='png')
    return path


def place_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add an axes at a place in inches, from the upper left corner of the figure."""
    page = figure.get_size_inches()
    return figure.add_axes(
        (left / page[0], 1 - (top + height) / page[1], width / page[0], height / page[1])
    )


def _show(axes: Axes, colours: np.ndarray, grid: RasterGrid, interpolation: str) -> None:
    rows, cols = grid.shape
    axes.imshow(colours, extent=(0, cols, rows, 0), aspect='auto', interpolation=interpolation)


# Length of a north arrow, points; at most this share of a map's shorter side.
ARROW, ARROW_SHARE = 18.0, 0.2
# Over outlines and numbers.
OVER = 5
HALO = (withStroke(linewidth=2.5, foreground='white'),)


def nice_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above ``length``."""
    power = 10.0 ** math.floor(math.log10(length))
    # 0.3 is a hair more than three times 0.1.
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))


def length_text(length_m: float) -> str:
    """Say a length, in kilometres from one on."""
    return f'{length_m / 1000:g} km' if length_m >= 1000 else f'{length_m:g} m'


def draw_scale_bar(axes: Axes, grid: RasterGrid, *, fontsize: float = SMALL) -> None:
    """Draw a bar of a round length at the lower left, true at the centre of the grid.

    Args:
        axes: an axes in the grid's pixels, rows downwards.
        grid: what is shown.
        fontsize: of its length, points.
    """
    cols, step = grid.shape[1], grid.pixel_size[0]
    length = nice_length(cols * step / 4)
    share = length / step / cols
    across = axes.get_xaxis_transform()
    ends = np.array([0.03, 0.03 + share]) * cols
    for colour, width in (('white', 6), ('black', 3)):
        axes.plot(
            ends,
            [0.035] * 2,
            color=colour,
            lw=width,
            solid_capstyle='butt',
            transform=across,
            zorder=OVER,
        )
    axes.annotate(
        length_text(length),
        (ends[0], 0.035),
        xycoords=across,
        xytext=(0, 4),
        textcoords='offset points',
        ha='left',
        fontsize=fontsize,
        weight='bold',
        path_effects=HALO,
        zorder=OVER,
    )


def north(grid: RasterGrid) -> tuple[float, float]:
    """Return the direction of true north at the centre of a grid.

    Returns:
        Unit vector (right, up) on a picture of the grid whose pixels have their true shape.
    """
    x, y = grid.center
    (lon,), (lat,) = transform_points(grid.crs, WGS84, [x], [y])
    # A step along the meridian, short against anything drawn, towards the middle latitudes.
    step = -1e-3 if lat > 0 else 1e-3
    (x_1,), (y_1,) = transform_points(WGS84, grid.crs, [lon], [lat + step])
    to_pixels = ~grid.transform
    (col_0, row_0), (col_1, row_1) = to_pixels @ (x, y), to_pixels @ (x_1, y_1)
    step_x, step_y = grid.pixel_size
    right, up = (col_1 - col_0) * step_x / step, (row_0 - row_1) * step_y / step
    length = math.hypot(right, up)
    return right / length, up / length


def draw_north_arrow(axes: Axes, grid: RasterGrid) -> None:
    """Draw an arrow to true north at the upper left, if there is room.

    Args:
        axes: an axes in the grid's pixels, rows downwards.
        grid: what is shown.
    """
    length = min(ARROW, ARROW_SHARE * min(size_points(axes)))
    if length < ARROW / 3:
        return
    direction = np.array(north(grid))
    across = direction[::-1] * (1, -1)
    # Points, from the upper left corner of the map; the arrow turns about the middle of a disc.
    points = (
        Affine2D().scale(1 / 72)
        + _page(axes).dpi_scale_trans
        # It is affine, which its annotation does not say.
        + ScaledTranslation(0, 1, axes.transAxes)  # type: ignore[arg-type]
    )
    middle = np.array([1, -1]) * (1.05 * length)
    half = direction * length / 2
    outline = [half, -half + across * 0.36 * length, -0.28 * half, -half - across * 0.36 * length]
    axes.add_artist(
        Circle(
            (middle[0], middle[1]), 0.92 * length, color='white', alpha=0.75, lw=0, transform=points
        )
    )
    arrow = Polygon(middle + np.array(outline) - 0.2 * half, color='black', lw=0, transform=points)
    axes.add_artist(arrow)
    right, up = middle + 1.2 * half
    axes.text(
        right,
        up,
        'N',
        transform=points,
        zorder=OVER,
        ha='center',
        va='center',
        fontsize=SMALL * length / ARROW,
        weight='bold',
    )


def _page(axes: Axes) -> Figure:
    return cast('Figure', axes.get_figure(root=True))


def size_points(axes: Axes) -> tuple[float, float]:
    """Return width and height of an axes, points."""
    page = _page(axes).get_size_inches()
    box = axes.get_position()
    return 72 * float(box.width * page[0]), 72 * float(box.height * page[1])


def draw_outlines(
    axes: Axes,
    polygons: np.ndarray,
    colour: str,
    *,
    width: float,
    tolerance: float,
) -> None:
    """Draw shells and holes.

    Args:
        axes: an axes in the polygons' coordinates.
        polygons: or multipolygons, shape (polygons,).
        colour: of the lines.
        width: of the lines, points.
        tolerance: by how much a line may be simplified without being seen, in the coordinates.
    """
    rings = shapely.get_rings(shapely.get_parts(polygons))
    points, ring = shapely.get_coordinates(shapely.simplify(rings, tolerance), return_index=True)
    lines = np.split(points, np.flatnonzero(np.diff(ring)) + 1) if len(points) else []
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=width), autolim=False)
