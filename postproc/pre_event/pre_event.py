"""The pre-event recognition as a whole, and its credibility."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np

from dfpenet_mm.vocabulary import LANDSLIDE, NODATA
from postproc.masks.burner import PolygonBurner
from postproc.masks.polygonise import polygonise
from postproc.masks.product_rasters import edit_mask, open_role, scene_windows
from postproc.pre_event.pre_event_regions import PreEventRegions
from postproc.product import LandslideProduct


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

    def doubt(self, max_pre_to_post: float, gsd: float) -> str:
        """Say why the pre-event recognition is not trusted.

        Args:
            max_pre_to_post: the share that it exceeds.
            gsd: metres per pixel.

        Returns:
            The first part of a sentence.
        """
        pre, post, valid = (count * gsd**2 / 1e6 for count in (self.pre, self.post, self.valid))
        return (
            f'of {valid:.4g} km2 with data in both images, {pre:.4g} km2 were recognised as '
            f'landslide before the event and {post:.4g} km2 after it; more than '
            f'{max_pre_to_post:.3g} times as much before as after is not plausible (snow, cloud '
            f'or another season?)'
        )


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
            counts += _count(post, pre)
    return PreEventAreas(*counts.tolist())


def _count(post: np.ndarray, pre: np.ndarray) -> list[int]:
    after, before = post == LANDSLIDE, pre == LANDSLIDE
    valid = int(post.size)
    # Most windows have data throughout, and to see that is quick.
    if max(post.max(), pre.max()) >= NODATA:
        known = (post != NODATA) & (pre != NODATA)
        valid = int(np.count_nonzero(known))
        after &= known
        before &= known
    return [valid, int(np.count_nonzero(before)), int(np.count_nonzero(after))]


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
