"""What the pre-event recognition says, and whether it can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from postproc.burner import zone_sums
from postproc.product import LandslideProduct
from postproc.rasters import LANDSLIDE, NODATA, open_role, scene_windows


@dataclass(frozen=True)
class PreEventAreas:
    """Pixels that have data before and after the event, and what was recognised on them.

    Args:
        valid: pixels with data in both images.
        pre: landslide pixels among them before the event.
        post: landslide pixels among them after the event, as the network recognised them.
    """

    valid: int
    pre: int
    post: int

    @property
    def pre_to_post(self) -> float | None:
        """Landslide area before the event over that after it; None without any after."""
        return self.pre / self.post if self.post else None

    def trusted(self, max_pre_to_post: float) -> bool:
        """Tell whether no more was recognised before than that share of what was after."""
        return self.pre <= max_pre_to_post * self.post


def compare_events(product: LandslideProduct) -> PreEventAreas:
    """Count recognised pixels before and after the event, where both images have data.

    Both sides are the network's own recognition: filters worked on the post-event side only.

    Raises:
        InputFileError: if ``mask`` or ``pre_mask`` is missing or unreadable.
        GridMismatchError: if one is on another grid.
    """
    counts = np.zeros(3, dtype=np.int64)
    with open_role(product, 'mask') as post_mask, open_role(product, 'pre_mask') as pre_mask:
        for window in scene_windows(product.grid.shape):
            post, pre = (dataset.read(1, window=window) for dataset in (post_mask, pre_mask))
            valid = (post != NODATA) & (pre != NODATA)
            layers = (valid, valid & (pre == LANDSLIDE), valid & (post == LANDSLIDE))
            counts += [np.count_nonzero(layer) for layer in layers]
    return PreEventAreas(*counts.tolist())


def pre_event_shares(product: LandslideProduct) -> dict[str, np.ndarray]:
    """Look under every landslide at what was there before the event.

    Returns:
        Columns of shape (landslides,): pre_coverage, the share of a landslide's pixels with
        pre-event data, and pre_share, the share of those that were landslide already (NaN
        without any).

    Raises:
        InputFileError: if ``pre_mask`` is missing or unreadable.
        GridMismatchError: if it is on another grid.
    """
    with open_role(product, 'pre_mask') as pre_mask:

        def layers(window):
            pre = pre_mask.read(1, window=window)
            return np.ones_like(pre), pre != NODATA, pre == LANDSLIDE

        geometries = product.landslides.geometry.to_numpy()
        pixels, covered, before = zone_sums(geometries, product.grid, layers, 3).T
    unknown = np.full(len(covered), np.nan)
    return {
        'pre_coverage': covered / np.maximum(pixels, 1),
        'pre_share': np.divide(before, covered, out=unknown, where=covered > 0),
    }
