"""The temporal difference: what was recognised before the event is not of the event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np

from dfpenet_mm.errors import ConfigError, PreEventError
from postproc.burner import PolygonBurner
from postproc.polygonise import CONNECTIVITY, polygonise
from postproc.pre_event import PreEventAreas, compare_events, pre_event_shares
from postproc.product import LandslideProduct
from postproc.rasters import LANDSLIDE, NODATA, edit_mask, open_role
from postproc.registry import POSTPROC

MODES = ('object', 'pixel')
UNTRUSTED = ('keep', 'subtract', 'error')


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class TemporalDifference:
    """Removes landslides that were recognised in the pre-event image already.

    Every landslide gets ``pre_coverage``, the share of its pixels with pre-event data, and
    ``pre_share``, the share of those that were landslide before (null without any). What has
    no pre-event data is never removed. Without a pre-event image nothing is: coverage is 0.

    Snow, cloud and bare winter ground read as landslide, and subtracting them deletes true
    ones. So the landslide area before is first held against that after, where both have data.

    Args:
        mode: 'object' rejects whole landslides, so that no slivers remain; 'pixel' subtracts
            pixels as the paper does and forms the regions anew (columns of earlier hooks are
            lost), which wants another GeologicFilter behind it.
        max_pre_share: object mode rejects above this ``pre_share``, in [0, 1].
        min_pre_coverage: object mode judges only landslides of at least this
            ``pre_coverage``, in [0, 1].
        max_pre_to_post: largest landslide area before, as a share of that after, at which the
            pre-event result is trusted. In the paper 9 % of the regions were there before.
        untrusted: what to do with a pre-event result beyond that: 'keep' all landslides and
            warn, 'subtract' it and warn, or end with an 'error'.
        connectivity: of the regions that pixel mode forms, 4 or 8.

    Raises:
        ConfigError: if a value is out of range.

    Source: section 3.3 (3); the paper gives no threshold for trust or shares.
    """

    mode: str = 'object'
    max_pre_share: float = 0.5
    min_pre_coverage: float = 0.5
    max_pre_to_post: float = 0.5
    untrusted: str = 'keep'
    connectivity: int = CONNECTIVITY

    def __post_init__(self) -> None:
        wanted = {'mode': MODES, 'untrusted': UNTRUSTED, 'connectivity': (4, 8)}
        for name, choices in wanted.items():
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f'TemporalDifference {name} is {getattr(self, name)!r}; '
                    f'wanted is one of {choices}'
                )
        for name in ('max_pre_share', 'min_pre_coverage'):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f'TemporalDifference {name} is {getattr(self, name)}; wanted is 0 to 1'
                )
        if not self.max_pre_to_post >= 0:
            raise ConfigError(
                f'TemporalDifference max_pre_to_post is {self.max_pre_to_post}; wanted is 0 or more'
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
            landslides = product.landslides.assign(pre_coverage=0.0, pre_share=np.nan)
            return product.replace(landslides=landslides).with_result(name, {'pre_event': False})
        areas = compare_events(product)
        trusted = areas.trusted(self.max_pre_to_post)
        if not trusted:
            product = self._doubt(product, areas)
        product = _with_shares(product)
        regions_in = len(product.landslides)
        if trusted or self.untrusted == 'subtract':
            product = self._remove(product)
        return product.with_result(name, self._result(product, areas, trusted, regions_in))

    def _doubt(self, product: LandslideProduct, areas: PreEventAreas) -> LandslideProduct:
        pixel_km2 = product.grid.gsd**2 / 1e6
        finding = (
            f'the pre-event image reads as landslide on {areas.pre * pixel_km2:.4g} km2 and the '
            f'post-event image on {areas.post * pixel_km2:.4g} km2 of the '
            f'{areas.valid * pixel_km2:.4g} km2 where both have data, which is more than the '
            f'share max_pre_to_post={self.max_pre_to_post} to be believed (snow, cloud or '
            f'another season?)'
        )
        if self.untrusted == 'error':
            raise PreEventError(
                f"{finding}; give another pre-event image, or set untrusted to 'keep' or 'subtract'"
            )
        if self.untrusted == 'subtract':
            return product.with_warning(
                f"{finding}; it was subtracted nevertheless, as untrusted='subtract' asks, and "
                f'true landslides may be missing'
            )
        return product.with_warning(
            f'{finding}; nothing was removed, so landslides older than the event may be '
            f'in the inventory: look at their pre_share'
        )

    def _remove(self, product: LandslideProduct) -> LandslideProduct:
        shares = product.landslides['pre_share'].to_numpy()
        coverage = product.landslides['pre_coverage'].to_numpy()
        if self.mode == 'pixel':
            gone = shares * coverage == 1
        else:
            # A share is NaN, and so not above anything, where nothing is covered.
            gone = (shares > self.max_pre_share) & (coverage >= self.min_pre_coverage)
        reasons = [f'{share:.0%} of it was recognised before the event' for share in shares[gone]]
        left = product.reject(gone, type(self).__name__, reasons)
        if self.mode == 'object':
            return left
        return _with_shares(left.replace(landslides=self._subtract_pixels(left)))

    def _subtract_pixels(self, product: LandslideProduct) -> gpd.GeoDataFrame:
        burner = PolygonBurner(product.landslides.geometry.to_numpy(), product.grid.transform)
        with (
            open_role(product, 'mask'),
            open_role(product, 'pre_mask') as pre_mask,
            TemporaryDirectory(prefix='.part-', dir=product.out_dir) as folder,
        ):

            def left_over(window, mask):
                new = burner.inside(window) & (pre_mask.read(1, window=window) != LANDSLIDE)
                return np.where(mask == NODATA, NODATA, new * LANDSLIDE)

            difference = Path(folder) / 'difference.tif'
            edit_mask(product.rasters['mask'], difference, left_over)
            return polygonise(difference, connectivity=self.connectivity)

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


def _with_shares(product: LandslideProduct) -> LandslideProduct:
    shares = pre_event_shares(product)
    return product.replace(landslides=product.landslides.assign(**shares))
