"""The regions recognised before the event: which of them are still there after it.

A landslide does not vanish within months; snow, cloud and bare fields do. A pre-event region
whose pixels are no longer landslide after the event was therefore none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.vocabulary import LANDSLIDE, NODATA
from postproc.masks.burner import PolygonBurner
from postproc.masks.polygonise import polygonise
from postproc.masks.product_rasters import open_role, scene_windows
from postproc.product import LandslideProduct


def under_polygons(
    burner: PolygonBurner, dataset: DatasetReader
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, Window]]:
    """Read a raster's first band where there are polygons, window by window.

    Yields:
        The pixels' values, the row of each one's polygon in ascending order, and its position in
        the window's flattened pixels, each of shape (pixels,); and the window. Windows without a
        polygon are not read.
    """
    for window in scene_windows(dataset.shape):
        flat, rows = burner.pixels(window)
        if flat.size:
            yield dataset.read(1, window=window).ravel()[flat], rows, flat, window


def add_counts(counts: np.ndarray, rows: np.ndarray) -> None:
    """Count every row.

    Args:
        counts: changed in place, shape (polygons,).
        rows: ascending, each once a pixel, shape (pixels,).
    """
    starts = np.flatnonzero(_fresh(rows))
    counts[rows[starts]] += np.diff(np.append(starts, len(rows)))


def add_sums(sums: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """Add every value to its row's sum.

    Args:
        sums: changed in place, shape (polygons,).
        rows: ascending, shape (pixels,).
        values: shape (pixels,).
    """
    fresh = _fresh(rows)
    sums[rows[fresh]] += np.bincount(np.cumsum(fresh) - 1, values)


def _fresh(rows: np.ndarray) -> np.ndarray:
    """Tell where a row comes for the first time."""
    fresh = np.ones(len(rows), dtype=bool)
    np.not_equal(rows[1:], rows[:-1], out=fresh[1:])
    return fresh


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
            self._burner = PolygonBurner(geometries, product.grid.transform)
            seen, left = np.zeros((2, len(geometries)))
            for post, rows, _, _ in under_polygons(self._burner, post_mask):
                add_counts(seen, rows[post != NODATA])
                add_counts(left, rows[post == LANDSLIDE])
        self.persistence = left / np.maximum(seen, 1)
        self._believed = self.persistence >= min_persistence

    def believed_in(self, window: Window) -> np.ndarray:
        """Return True, shape (rows, cols), on the pixels of regions that persist enough."""
        flat, rows = self._burner.pixels(window)
        found = np.zeros((int(window.height), int(window.width)), dtype=bool)
        found.ravel()[flat] = self._believed[rows]
        return found

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
        geometries = product.landslides.geometry.to_numpy()
        burner = PolygonBurner(geometries, product.grid.transform)
        pixels, blind, before, persistence, believed = np.zeros((5, len(geometries)))
        # By the regions' numbers from 1 on; 0 is none.
        persistences, beliefs = np.append(0.0, self.persistence), np.append(False, self._believed)
        with open_role(product, 'pre_mask') as pre_mask:
            for pre, rows, flat, window in under_polygons(burner, pre_mask):
                was = np.flatnonzero(pre == LANDSLIDE)
                add_counts(pixels, rows)
                add_counts(blind, rows[pre == NODATA])
                add_counts(before, rows[was])
                if was.size:
                    region = self._regions_in(window)[flat[was]]
                    add_sums(persistence, rows[was], persistences[region])
                    add_sums(believed, rows[was], beliefs[region])
        covered = pixels - blind
        pixels = np.maximum(pixels, 1)
        columns = {
            'pre_coverage': covered / pixels,
            'pre_share': _share(before, covered),
            'pre_persistence': _share(persistence, before),
            'believed_share': believed / pixels,
            'doubtful_share': (before - believed) / pixels,
        }
        return pd.DataFrame(columns, index=product.landslides.index)

    def _regions_in(self, window: Window) -> np.ndarray:
        """Return the number of every pixel's region from 1, 0 outside, shape (rows x cols,)."""
        flat, rows = self._burner.pixels(window)
        # Zeros cost nothing where they are not looked at.
        numbers = np.zeros(int(window.height) * int(window.width), dtype=np.int32)
        numbers[flat] = rows + 1
        return numbers


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
