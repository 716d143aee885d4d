"""The regions recognised before the event: which of them are still there after it.

A landslide does not vanish within months; snow, cloud and bare fields do. A pre-event region
whose pixels are no longer landslide after the event was therefore none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from rasterio.windows import Window

from postproc.masks.burner import PolygonBurner, zone_sums
from postproc.masks.polygonise import polygonise
from postproc.masks.rasters import LANDSLIDE, NODATA, open_role
from postproc.product import LandslideProduct


class PreEventRegions:
    """Connected regions of the pre-event recognition, each with its persistence.

    Persistence is the share of a region's pixels with post-event data that the network
    recognised as landslide after the event too; 0 where the post-event image shows none of
    them. Memory grows with the regions, not with the pixels.

    Args:
        product: with ``mask`` and ``pre_mask``.
        min_persistence: regions below are not believed, in [0, 1]; 0 believes all.

    Raises:
        InputFileError: if a mask is missing or unreadable.
        GridMismatchError: if one is on another grid.
    """

    def __init__(self, product: LandslideProduct, min_persistence: float) -> None:
        with open_role(product, 'mask') as post_mask:
            open_role(product, 'pre_mask').close()
            geometries = polygonise(product.rasters['pre_mask']).geometry.to_numpy()

            def layers(window):
                post = post_mask.read(1, window=window)
                return post != NODATA, post == LANDSLIDE

            seen, left = zone_sums(geometries, product.grid, layers, 2).T
        self.persistence = left / np.maximum(seen, 1)
        self._believed = self.persistence >= min_persistence
        self._burner = PolygonBurner(geometries, product.grid.transform)

    def persistence_in(self, window: Window) -> np.ndarray:
        """Return the persistence of every pixel's region, shape (rows, cols), 0 outside."""
        return self._lookup(self.persistence, window)

    def believed_in(self, window: Window) -> np.ndarray:
        """Return True, shape (rows, cols), on the pixels of regions that persist enough."""
        return self._lookup(self._believed, window)

    def under(self, product: LandslideProduct) -> pd.DataFrame:
        """Look under every landslide at what was there before the event.

        Returns:
            One row a landslide, same index, with the columns

            - pre_coverage: the share of its pixels with pre-event data.
            - pre_share: the share of those that were landslide before; NaN without any.
            - pre_persistence: mean persistence of the pre-event regions under it, weighted by
              the pixels that each shares with the landslide; NaN where pre_share is 0 or NaN.
            - believed_share: the share of its pixels on regions that persist enough.
            - doubtful_share: the share of its pixels on other pre-event regions.
        """
        with open_role(product, 'pre_mask') as pre_mask:

            def layers(window):
                pre = pre_mask.read(1, window=window)
                every, known, before = np.ones_like(pre), pre != NODATA, pre == LANDSLIDE
                return every, known, before, self.persistence_in(window), self.believed_in(window)

            geometries = product.landslides.geometry.to_numpy()
            pixels, covered, before, persistence, believed = zone_sums(
                geometries, product.grid, layers, 5
            ).T
        pixels = np.maximum(pixels, 1)
        columns = {
            'pre_coverage': covered / pixels,
            'pre_share': _share(before, covered),
            'pre_persistence': _share(persistence, before),
            'believed_share': believed / pixels,
            'doubtful_share': (before - believed) / pixels,
        }
        return pd.DataFrame(columns, index=product.landslides.index)

    def _lookup(self, values: np.ndarray, window: Window) -> np.ndarray:
        flat, rows = self._burner.pixels(window)
        found = np.zeros((int(window.height), int(window.width)), dtype=values.dtype)
        found.ravel()[flat] = values[rows]
        return found


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
