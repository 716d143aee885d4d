"""All figures of a run, and the picture of an inventory from its files alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import style
from pyproj.exceptions import ProjError

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.files import read_errors
from dfpenet_mm.report.backdrop import dimmed_outside, read_backdrop
from dfpenet_mm.report.figures.comparison import draw_pre_post_comparison, draw_recognition_stages
from dfpenet_mm.report.figures.inventory_map import InventoryMap, draw_inventory_map, inventory_map
from dfpenet_mm.report.figures.reliability import RELIABILITY, draw_reliability
from dfpenet_mm.report.figures.run_view import RunView
from dfpenet_mm.report.figures.segmentation_examples import draw_segmentation_examples
from dfpenet_mm.report.run_products import (
    RunProducts,
    read_area,
    read_layers,
    read_summary,
    recorded_reading,
)
from dfpenet_mm.report.shown_inventory import shown_inventory
from dfpenet_mm.review import review_status
from dfpenet_mm.vocabulary import SUMMARY

FIGURES = {
    'inventory.png': lambda view, path: draw_inventory_map(inventory_map(view.products), path),
    'recognition_stages.png': draw_recognition_stages,
    'pre_post_comparison.png': draw_pre_post_comparison,
    'segmentation_examples.png': draw_segmentation_examples,
    RELIABILITY: lambda view, path: draw_reliability(view.products, path),
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


def draw_inventory_file(
    image: Path,
    inventory: Path,
    target: Path,
    *,
    pre: Path | None = None,
    max_side: int = 1800,
    title: str | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Draw the inventory of a GeoPackage over the image it was mapped from.

    Summary and area of interest beside the inventory tell what was edited since the run, how the
    images were read, and which part was mapped.

    Args:
        image: the raster that was mapped, red, green and blue first.
        inventory: GeoPackage with the layer ``landslides`` and perhaps ``rejected``, in any CRS.
        target: picture to write, PNG.
        pre: the image before the event, to mark where it has no data; None to do without.
        max_side: most rows or columns of the images that are read.
        title: what the heading begins with; None for the image's name.
        notes: what stands below the heading.

    Returns:
        ``target``.

    Raises:
        InputFileError: if a file cannot be read, or the inventory has no place on the image.
    """
    landslides, rejected = read_layers(inventory)
    beside = inventory.with_name(SUMMARY)
    summary = read_summary(beside) if beside.is_file() else {}
    reading = recorded_reading(summary)
    backdrop = read_backdrop(image, max_side=max_side, **reading)
    if backdrop.grid.crs is None:
        raise InputFileError(
            f'{image} has no CRS, so that the inventory has no place on it; give the image that '
            f'was mapped'
        )
    with read_errors(
        inventory,
        ProjError,
        ValueError,
        how=f'cannot be brought into the CRS of {image}',
        advice='give the image that was mapped',
    ):
        landslides = landslides.to_crs(backdrop.grid.crs)
        rejected = None if rejected is None else rejected.to_crs(backdrop.grid.crs)
    area = read_area(inventory.parent, backdrop.grid)
    before = None
    if pre is not None:
        before = read_backdrop(pre, grid=backdrop.grid, max_side=max_side, **reading)
    shown = InventoryMap(
        backdrop=backdrop if area is None else dimmed_outside(backdrop, area),
        inventory=shown_inventory(landslides, summary, rejected),
        title=title or image.name,
        notes=notes,
        area=area,
        pre=before,
        review=review_status(landslides, others=(rejected,)),
    )
    return draw_inventory_map(shown, target)
