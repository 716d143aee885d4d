"""The temporal difference by pixels: what was there before is cut out of the landslides."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np

from postproc.masks.burner import PolygonBurner
from postproc.masks.polygonise import polygonise
from postproc.masks.rasters import LANDSLIDE, NODATA, edit_mask, open_role
from postproc.pre_event.pre_event_regions import PreEventRegions
from postproc.product import LandslideProduct


def subtract_pixels(
    product: LandslideProduct, regions: PreEventRegions, connectivity: int
) -> gpd.GeoDataFrame:
    """Subtract the believed pre-event regions and form the landslides anew.

    Args:
        product: the landslides that may be cut; pixels outside of them do not come back.
        regions: what was recognised before the event.
        connectivity: of the new regions, 4 or 8.

    Returns:
        One region a row, without any column of the old ones.

    Raises:
        InputFileError: if ``mask`` is missing or unreadable.
        GridMismatchError: if it is on another grid.
        OutputError: if the product's ``out_dir`` cannot take the difference.
    """
    open_role(product, 'mask').close()
    burner = PolygonBurner(product.landslides.geometry.to_numpy(), product.grid.transform)

    def left_over(window, mask):
        new = burner.inside(window) & ~regions.believed_in(window)
        return np.where(mask == NODATA, NODATA, new * LANDSLIDE)

    with TemporaryDirectory(prefix='.part-', dir=product.out_dir) as folder:
        difference = Path(folder) / 'difference.tif'
        edit_mask(product.rasters['mask'], difference, left_over)
        return polygonise(difference, connectivity=connectivity)
