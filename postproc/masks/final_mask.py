"""The mask that says the same as the inventory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from postproc.masks.burner import PolygonBurner
from postproc.masks.rasters import LANDSLIDE, NODATA, edit_mask, open_role
from postproc.product import LandslideProduct


def write_final_mask(product: LandslideProduct, destination: Path) -> Path:
    """Write a mask with exactly the pixels of the landslides that are left.

    Args:
        product: its ``mask`` raster lends profile and nodata, its landslides the rest.
        destination: the new mask; it may be the ``mask`` raster itself, which is then replaced.

    Returns:
        ``destination``: uint8, 1 inside of landslides, 0 elsewhere, 255 kept as nodata.

    Raises:
        InputFileError: if the mask is missing or unreadable.
        GridMismatchError: if it is on another grid.
    """
    open_role(product, 'mask').close()
    burner = PolygonBurner(product.landslides.geometry.to_numpy(), product.grid.transform)

    def only_landslides(window, mask):
        flat, _ = burner.pixels(window)
        landslides = np.zeros_like(mask)
        landslides.ravel()[flat] = LANDSLIDE
        landslides[mask == NODATA] = NODATA
        return landslides

    return edit_mask(product.rasters['mask'], destination, only_landslides)
