"""Hits, false alarms and misses on the map: a GeoTIFF and a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from rasterio.enums import ColorInterp

from dfpenet_mm.class_rasters import limited, painted, read_reduced
from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import NODATA, PROVENANCE_KEY, Verdict
from postproc.evaluation.pixel_comparison import PixelCounts
from postproc.evaluation.scores import Counts
from postproc.masks.product_rasters import Writer, mask_profile, new_mask

# TP green, FP red and FN blue as in the paper; what a boundary tolerance leaves out is paler.
COLOURS = {
    Verdict.BACKGROUND: (235, 235, 235, 255),
    Verdict.TP: (0, 158, 60, 255),
    Verdict.FP: (214, 30, 30, 255),
    Verdict.FN: (30, 80, 220, 255),
    Verdict.FP_AT_BOUNDARY: (244, 170, 170, 255),
    Verdict.FN_AT_BOUNDARY: (165, 190, 245, 255),
    Verdict.NOT_COMPARED: (255, 255, 255, 0),
}


@contextmanager
def confusion_raster(
    path: Path, grid: RasterGrid, provenance: Mapping[str, Any]
) -> Iterator[Writer]:
    """Lend a function that writes verdicts by window; the file appears when all are written.

    Args:
        path: GeoTIFF to write: uint8, tiled, compressed, with a colour table, nodata 255.
        grid: the scene's grid.
        provenance: plain JSON values for the file's metadata.

    Yields:
        The function: it takes a window and its verdicts, uint8, shape (rows, cols).

    Raises:
        OutputError: if the disk refuses.
    """
    with (
        whole_file(path) as part,
        new_mask(part, {**mask_profile(grid), 'nodata': NODATA}) as (dataset, write),
    ):
        dataset.colorinterp = [ColorInterp.palette]
        dataset.write_colormap(1, {int(value): colour for value, colour in COLOURS.items()})
        dataset.update_tags(1, **{verdict.name: str(int(verdict)) for verdict in Verdict})
        dataset.update_tags(**{PROVENANCE_KEY: json.dumps(dict(provenance))})
        yield write


MAX_SIDE = 1400
INCH = 100
LABELS = {
    Verdict.TP: 'TP hit',
    Verdict.FP: 'FP false alarm',
    Verdict.FN: 'FN miss',
    Verdict.FP_AT_BOUNDARY: 'FP at a boundary, left out',
    Verdict.FN_AT_BOUNDARY: 'FN at a boundary, left out',
}


@style.context('default')  # not the user's matplotlibrc
def draw_confusion(
    path: Path,
    raster: Path,
    grid: RasterGrid,
    *,
    pixels: PixelCounts,
    landslides: Counts,
    title: str,
) -> None:
    """Draw hits, false alarms and misses over the scene's extent.

    Args:
        path: PNG to write.
        raster: the verdicts, as ``confusion_raster`` has written them.
        grid: the scene's grid.
        pixels: what the legend says.
        landslides: what the heading says, as do the pixels' ratios.
        title: first line of the heading.

    Raises:
        InputFileError: if the raster cannot be read.
        OutputError: if the disk refuses.
    """
    verdicts = read_reduced(raster, limited(grid.shape, MAX_SIDE))
    rows, cols = verdicts.shape
    # Metres a cell.
    step_x, step_y = (
        grid.pixel_size[0] * grid.shape[1] / cols,
        grid.pixel_size[1] * grid.shape[0] / rows,
    )
    height = rows * step_y / step_x
    scale = MAX_SIDE / max(cols, height) / INCH
    layout = ConstrainedLayoutEngine()
    figure = Figure(figsize=(max(cols * scale, 7) + 0.4, height * scale + 1.4), layout=layout)
    axes = figure.add_subplot()
    extent, aspect = (0, cols, rows, 0), step_y / step_x
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect=aspect)
    _draw_scale_bar(axes, cols, step_x)
    counts = [(verdict, int(pixels.by_verdict[verdict])) for verdict in LABELS]
    figure.legend(
        handles=[
            Patch(color=_shade(verdict), label=f'{LABELS[verdict]}: {count:,} px')
            for verdict, count in counts
            if count or verdict <= Verdict.FN
        ],
        loc='outside lower center',
        ncols=3,
        frameon=False,
    )
    figure.suptitle(
        f'{title}\npixels: {_ratios(pixels.strict)}\nlandslides: TP {landslides.tp:,}, '
        f'FP {landslides.fp:,}, FN {landslides.fn:,}; {_ratios(landslides)}',
        fontsize='medium',
    )
    axes.set_xticks([])
    axes.set_yticks([])
    # Otherwise the image would be drawn twice: first to lay out what stands around it.
    layout.execute(figure)
    figure.set_layout_engine(None)
    axes.imshow(painted(verdicts, COLOURS), extent=extent, aspect=aspect, interpolation='nearest')
    with whole_file(path) as part:
        figure.savefig(part, dpi=INCH, format='png')


def _shade(verdict: Verdict) -> tuple[float, float, float, float]:
    red, green, blue, alpha = COLOURS[verdict]
    return red / 255, green / 255, blue / 255, alpha / 255


def _ratios(counts: Counts) -> str:
    values = counts.as_dict()
    return ', '.join(
        f'{name} {"n/a" if values[key] is None else f"{values[key]:.1%}"}'
        for name, key in (('precision', 'precision'), ('recall', 'recall'), ('IoU', 'iou'))
    )


def _draw_scale_bar(axes: Axes, cols: int, cell_m: float) -> None:
    """Draw a bar of a round length at the lower left, for the scale at the centre."""
    length = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(0, cols * cell_m)[1]
    bottom = axes.get_ylim()[0]
    left, row = 0.03 * cols, 0.97 * bottom
    axes.plot([left, left + length / cell_m], [row, row], color='black', linewidth=3)
    axes.annotate(
        f'{length / 1000:g} km' if length >= 1000 else f'{length:g} m',
        (left + length / cell_m / 2, row),
        xytext=(0, 6),
        textcoords='offset points',
        ha='center',
    )
