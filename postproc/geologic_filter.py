"""The geologic filter: regions too small or too long and thin are no landslides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.inventory.measures import measure
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC

# A region of exactly the minimum area stays, although its area comes from coordinates of
# 1e6 m and more whose last digit is lost.
ROUNDING = 1e-6


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class GeologicFilter:
    """Rejects regions below a minimum area, and long thin ones such as roads.

    Args:
        min_area_m2: smallest area kept, square metres.
        area_factor: the same as a multiple of the ground resolution, its metres read as
            square metres: 25 means 37.5 m2 at 1.5 m. The paper uses 25 and allows 4 to 25.
            Exactly one of the two is wanted.
        max_lw_ratio: largest length/width of the minimum rotated rectangle kept, at least 1;
            None keeps any, as in both of the paper's studies.

    Raises:
        ConfigError: if a value is out of range, or both or neither area are given.

    Source: section 3.3 (2), Eqs. 13-15.
    """

    min_area_m2: float | None = None
    area_factor: float | None = None
    max_lw_ratio: float | None = None

    def __post_init__(self) -> None:
        if (self.min_area_m2 is None) == (self.area_factor is None):
            raise ConfigError(
                f'GeologicFilter got min_area_m2={self.min_area_m2} and '
                f'area_factor={self.area_factor}; give exactly one of them'
            )
        for name in ('min_area_m2', 'area_factor'):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ConfigError(f'GeologicFilter {name} is {value}; wanted is 0 or more')
        if self.max_lw_ratio is not None and not self.max_lw_ratio >= 1:
            raise ConfigError(
                f'GeologicFilter max_lw_ratio is {self.max_lw_ratio}; a length is at least the '
                f'width, so give 1 or more, or None to keep any'
            )

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Reject what breaks a rule; a region that breaks both is rejected for its area."""
        minimum = self.minimum_area(product.grid)
        measures = measure(product.landslides)
        small = measures['area_m2'].to_numpy() < minimum * (1 - ROUNDING)
        thin = self._thin(measures) & ~small
        result = {
            'min_area_m2': minimum,
            'max_lw_ratio': self.max_lw_ratio,
            'rejected_small': int(small.sum()),
            'rejected_thin': int(thin.sum()),
        }
        name = type(self).__name__
        reasons = self._reasons(measures, minimum, small)[small | thin]
        return product.reject(small | thin, name, reasons).with_result(name, result)

    def minimum_area(self, grid: RasterGrid) -> float:
        """Return the smallest area kept on that grid, square metres."""
        if self.min_area_m2 is not None:
            return float(self.min_area_m2)
        return self.area_factor * grid.gsd

    def _thin(self, measures: pd.DataFrame) -> np.ndarray:
        limit = np.inf if self.max_lw_ratio is None else self.max_lw_ratio * (1 + ROUNDING)
        return measures['lw_ratio'].to_numpy() > limit

    def _reasons(self, measures: pd.DataFrame, minimum: float, small: np.ndarray) -> np.ndarray:
        rows = zip(measures['area_m2'], measures['lw_ratio'], small, strict=True)
        return np.array(
            [
                f'area {area:.1f} m2 is below {minimum:.1f} m2'
                if is_small
                else f'length/width {ratio:.1f} is above {self.max_lw_ratio}'
                for area, ratio, is_small in rows
            ],
            dtype=object,
        )
