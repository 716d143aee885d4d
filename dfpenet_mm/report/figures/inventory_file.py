"""A picture of an inventory from its files alone: an image and a GeoPackage."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
from pyproj.exceptions import ProjError

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.backdrop import read_backdrop
from dfpenet_mm.report.figures.inventory import draw_inventory_map

LANDSLIDES, REJECTED = 'landslides', 'rejected'


def read_layers(inventory: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Read landslides and, if the GeoPackage has them, rejected regions.

    Raises:
        InputFileError: if it cannot be read, or has no layer ``landslides`` with a CRS.
    """
    try:
        names = pyogrio.list_layers(inventory)[:, 0].tolist()
    except pyogrio.errors.DataSourceError as error:
        raise InputFileError(
            f'{inventory} cannot be read ({error}); give a GeoPackage that landslide-map wrote'
        ) from error
    if LANDSLIDES not in names:
        raise InputFileError(
            f'{inventory} has the layers {names}, wanted is {LANDSLIDES}; '
            f'give a GeoPackage that landslide-map wrote'
        )
    landslides = gpd.read_file(inventory, layer=LANDSLIDES)
    rejected = gpd.read_file(inventory, layer=REJECTED) if REJECTED in names else None
    return landslides, rejected


def draw_inventory_file(
    image: Path, inventory: Path, target: Path, *, max_side: int = 1800, title: str | None = None
) -> Path:
    """Draw the inventory of a GeoPackage over the image it was mapped from.

    Args:
        image: the raster that was mapped, red, green and blue first.
        inventory: GeoPackage with the layer ``landslides`` and perhaps ``rejected``, in any CRS.
        target: picture to write, PNG.
        max_side: most rows or columns of the image that are read.
        title: what the heading begins with; None for the image's name.

    Returns:
        ``target``.

    Raises:
        InputFileError: if a file cannot be read, or the inventory has no place on the image.
    """
    landslides, rejected = read_layers(inventory)
    backdrop = read_backdrop(image, max_side=max_side)
    if backdrop.grid.crs is None:
        raise InputFileError(
            f'{image} has no CRS, so that the inventory has no place on it; give the image that '
            f'was mapped'
        )
    try:
        landslides = landslides.to_crs(backdrop.grid.crs)
        rejected = None if rejected is None else rejected.to_crs(backdrop.grid.crs)
    except (ProjError, ValueError) as error:
        raise InputFileError(
            f'{inventory} cannot be brought into the CRS of {image} ({error}); give the image '
            f'that was mapped'
        ) from error
    return draw_inventory_map(
        backdrop=backdrop,
        landslides=landslides,
        rejected=rejected,
        path=target,
        title=title or image.name,
    )
