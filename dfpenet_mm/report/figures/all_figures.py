"""All figures of a run."""

from __future__ import annotations

from pathlib import Path

from matplotlib import style

from dfpenet_mm.report.figures.comparison import draw_pre_post_comparison, draw_recognition_stages
from dfpenet_mm.report.figures.inventory_map import draw_inventory
from dfpenet_mm.report.figures.run_view import RunView
from dfpenet_mm.report.figures.segmentation_examples import draw_segmentation_examples
from dfpenet_mm.report.run_products import RunProducts

FIGURES = {
    'inventory.png': draw_inventory,
    'recognition_stages.png': draw_recognition_stages,
    'pre_post_comparison.png': draw_pre_post_comparison,
    'segmentation_examples.png': draw_segmentation_examples,
}


@style.context('default')  # not the user's matplotlibrc
def draw_figures(products: RunProducts, target: Path) -> list[Path]:
    """Draw what a run came to, in the style of the paper's Figs. 3, 7, 8, 10 and 11.

    Args:
        products: of the run.
        target: folder of the figures; it is made if need be.

    Returns:
        The files, PNG. A figure that would show nothing is left out: there are no stages
        without a region, and no comparison without a pre-event image.

    Raises:
        InputFileError: if a raster or layer of the run cannot be read.
        OutputError: if a figure cannot be written.
    """
    view = RunView(products)
    drawn = [draw(view, target / name) for name, draw in FIGURES.items()]
    return [path for path in drawn if path is not None]
