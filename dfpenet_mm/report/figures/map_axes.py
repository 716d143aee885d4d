"""Axes in the pixels of a scene, and what is laid into them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from dfpenet_mm.errors import OutputError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures.palette import DPI, NO_DATA

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
    table = np.zeros((256, 4), np.uint8)
    for value, colour in colours.items():
        table[value] = np.rint(255 * np.array(to_rgba(colour)))
    _show(axes, table[classes], grid, interpolation='nearest')


def save(figure: Figure, path: Path) -> Path:
    """Write a figure; the same one gives the same bytes, and it appears when it is complete.

    Raises:
        OutputError: if the disk refuses.
    """
    part = path.with_name(f'.{path.name}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(part, dpi=DPI, format='png')
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f'{path} cannot be written ({error.strerror or error}); give a folder with room '
            f'that may be written to'
        ) from error
    finally:
        # Where the folder cannot be read, there is nothing to take away.
        with suppress(OSError):
            part.unlink(missing_ok=True)
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
