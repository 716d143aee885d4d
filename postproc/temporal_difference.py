"""The temporal difference: what was recognised before the event is not of the event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfpenet_mm.errors import PreEventError
from dfpenet_mm.wording import agreeing, counted
from postproc.inventory.measures import areas_m2
from postproc.masks.polygonise import CONNECTIVITY
from postproc.pre_event.pre_event import PreEventAreas, compare_events, subtract_pixels
from postproc.pre_event.pre_event_regions import PreEventRegions
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC, require_options

MODES = ('object', 'pixel')
UNTRUSTED = ('keep', 'subtract', 'error')
SHARES = ('max_pre_share', 'min_pre_coverage', 'min_persistence')
COLUMNS = ['pre_coverage', 'pre_share', 'pre_persistence']


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class TemporalDifference:
    """Removes landslides that were recognised in the pre-event image already.

    Every landslide gets ``pre_coverage``, the share of its pixels with pre-event data;
    ``pre_share``, the share of those that were landslide before; and ``pre_persistence``, how
    much of the pre-event regions under it is still landslide (null without such a region).
    What has no pre-event data is never removed. Without a pre-event image nothing is: coverage
    is 0.

    Snow, cloud and bare winter ground read as landslide, and subtracting them deletes true
    ones. So the landslide area before is first held against that after, where both have data;
    and a region recognised before counts only if it persists, as a landslide does, which tells
    a patch of snow in one corner too.

    Args:
        mode: 'object' rejects whole landslides, so that no slivers remain; 'pixel' subtracts
            pixels as the paper does and forms the regions anew (columns of earlier hooks are
            lost), which wants another GeologicFilter behind it.
        max_pre_share: object mode rejects above this ``pre_share``, in [0, 1].
        min_pre_coverage: object mode judges only landslides of at least this
            ``pre_coverage``, in [0, 1].
        min_persistence: object mode rejects only from this ``pre_persistence`` on, pixel mode
            subtracts only pre-event regions of at least this persistence, in [0, 1]; 0 believes
            all of them, as the paper does.
        max_pre_to_post: largest landslide area before, as a share of that after, at which the
            pre-event result is trusted. In the paper 9 % of the regions were there before.
        untrusted: what to do with a pre-event result beyond that: 'keep' all landslides and
            warn, 'subtract' what persists and warn, or end with an 'error'.
        connectivity: of the regions that pixel mode forms, 4 or 8.

    Raises:
        ConfigError: if a value is out of range.

    Source: section 3.3, phase 2; the paper gives no threshold for trust, shares or persistence.
    """

    mode: str = 'object'
    max_pre_share: float = 0.5
    min_pre_coverage: float = 0.5
    min_persistence: float = 0.5
    max_pre_to_post: float = 0.5
    untrusted: str = 'keep'
    connectivity: int = CONNECTIVITY

    def __post_init__(self) -> None:
        choices = {'mode': MODES, 'untrusted': UNTRUSTED, 'connectivity': (4, 8)}
        require_options(
            self,
            **{name: (getattr(self, name) in of, f'one of {of}') for name, of in choices.items()},
            **{name: (0 <= getattr(self, name) <= 1, '0 to 1') for name in SHARES},
            max_pre_to_post=(self.max_pre_to_post >= 0, '0 or more'),
        )

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Remove what was there before, or say why not.

        Raises:
            PreEventError: if the pre-event result is not trusted and that is an error.
            InputFileError: if a mask is unreadable.
            GridMismatchError: if a mask is on another grid.
        """
        name = type(self).__name__
        if 'pre_mask' not in product.rasters:
            flags = dict.fromkeys(COLUMNS, np.nan) | {'pre_coverage': 0.0}
            landslides = product.landslides.assign(**flags)
            return product.replace(landslides=landslides).with_result(name, {'pre_event': False})
        areas = compare_events(product)
        trusted = areas.trusted(self.max_pre_to_post)
        if not trusted:
            product = self._doubt(product, areas)
        regions = PreEventRegions(product, self.min_persistence)
        under = regions.under(product)
        left, kept = product.replace(landslides=product.landslides.assign(**under[COLUMNS])), 0
        cut = {'landslides_cut': 0, 'area_cut_m2': 0.0}
        if trusted or self.untrusted == 'subtract':
            left, kept = self._remove(left, regions, under)
            if self.mode == 'pixel':
                cut = _cut(product, left, under)
        left = self._warn(left, kept, len(product.landslides))
        result = self._result(left, areas, trusted, len(product.landslides))
        return left.with_result(name, result | cut | {'kept_doubtful': kept})

    def _doubt(self, product: LandslideProduct, areas: PreEventAreas) -> LandslideProduct:
        finding = areas.doubt(self.max_pre_to_post, product.grid.gsd)
        if self.untrusted == 'error':
            raise PreEventError(
                f"{finding}; give another pre-event image, or set untrusted to 'keep' or 'subtract'"
            )
        if self.untrusted == 'subtract':
            return product.with_warning(
                f'{finding}; it was subtracted nevertheless, as the config asks, and true '
                f'landslides may be missing'
            )
        return product.with_warning(
            f'{finding}; nothing was removed, so landslides older than the event may be '
            f'in the inventory: look at pre_share in the attribute table'
        )

    def _warn(self, product: LandslideProduct, kept: int, regions_in: int) -> LandslideProduct:
        if kept:
            product = product.with_warning(
                f'{kept} of {counted(regions_in, "landslide")} '
                f'{agreeing(kept, "was", "were")} kept although recognised before the event: less '
                f'than {self.min_persistence:.0%} of what was recognised there is still landslide '
                f'after it (snow, cloud or another season?); look at pre_share and '
                f'pre_persistence in the attribute table'
            )
        blind = int((product.landslides['pre_coverage'] == 0).sum())
        if blind:
            product = product.with_warning(
                f'{blind} of {counted(len(product.landslides), "landslide")} '
                f'{agreeing(blind, "has", "have")} no pre-event data (pre_coverage is 0) and '
                f'could not be compared'
            )
        return product

    def _remove(
        self, product: LandslideProduct, regions: PreEventRegions, under: pd.DataFrame
    ) -> tuple[LandslideProduct, int]:
        """Remove what was there; also count what was kept, wholly or in part, as doubtful."""
        if self.mode == 'pixel':
            gone = (under['believed_share'] == 1).to_numpy()
            doubtful = under['doubtful_share'] > 0
        else:
            # A share is NaN, and so not above anything, where nothing is covered.
            there = under['pre_share'] > self.max_pre_share
            there &= under['pre_coverage'] >= self.min_pre_coverage
            doubtful = there & (under['pre_persistence'] < self.min_persistence)
            gone = (there & ~doubtful).to_numpy()
        shares = under['pre_share'][gone]
        reasons = [f'{share:.0%} of it was recognised before the event' for share in shares]
        left = product.reject(gone, type(self).__name__, reasons)
        if self.mode == 'pixel':
            left = left.replace(landslides=subtract_pixels(left, regions, self.connectivity))
            shares_left = regions.under(left)[COLUMNS]
            left = left.replace(landslides=left.landslides.assign(**shares_left))
        return left, int(doubtful.sum())

    def _result(
        self, product: LandslideProduct, areas: PreEventAreas, trusted: bool, regions_in: int
    ) -> dict:
        coverage = product.landslides['pre_coverage']
        return {
            'pre_event': True,
            'mode': self.mode,
            'trusted': trusted,
            'pre_to_post': areas.pre_to_post,
            'pre_pixels': areas.pre,
            'post_pixels': areas.post,
            'pixels_valid_in_both': areas.valid,
            'regions_in': regions_in,
            'regions_out': len(product.landslides),
            'without_pre_data': int((coverage == 0).sum()),
            'with_part_of_pre_data': int(((coverage > 0) & (coverage < 1)).sum()),
        }


def _cut(before: LandslideProduct, left: LandslideProduct, under: pd.DataFrame) -> dict:
    """Say how many landslides lost a part to the subtraction of pixels, and how much area all did.

    Landslides that went whole are among the rejected ones.
    """
    shares = under['believed_share']
    whole = (shares == 1).to_numpy()
    parts = areas_m2(before.landslides)[~whole].sum() - areas_m2(left.landslides).sum()
    return {
        'landslides_cut': int(((shares > 0) & (shares < 1)).sum()),
        'area_cut_m2': max(float(parts), 0.0),
    }
