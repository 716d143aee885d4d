"""The geologic filter: regions of the wrong size, shape or ground are no landslides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.wording import agreeing, counted, decimal
from postproc.inventory.measures import areas_m2, measure
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC, EarlyInputs, require_options
from postproc.rules.layer_rule import LayerRule, check_sources, comes_from_dem
from postproc.rules.rule_values import rule_values
from postproc.terrain.dem import DEM, doubt_elevations

# A region of exactly the minimum area stays, although its area comes from coordinates of
# 1e6 m and more whose last digit is lost.
ROUNDING = 1e-6


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class GeologicFilter:
    """Rejects regions too small, too large, too long and thin, or on the wrong ground.

    A region is rejected for the first thing that is wrong with it, in this order: area,
    length/width, the rules. Every rule's statistic is kept in a column such as
    ``slope_median``, of the landslides and of what was rejected; it is null where the layer
    lacks data under more than half of it.

    Args:
        min_area_m2: smallest area kept, square metres.
        area_factor: the same as a multiple of the ground resolution, its metres read as
            square metres: 25 means 37.5 m2 at 1.5 m. The paper uses 25 and allows 4 to 25.
            Exactly one of the two is wanted.
        max_area_m2: largest area kept, square metres; None keeps any.
        max_lw_ratio: largest length/width of the minimum rotated rectangle kept, at least 1;
            None keeps any, as in both of the paper's studies.
        rules: limits of what auxiliary rasters say of a region, each a dict of ``LayerRule``'s
            arguments, such as ``dict(layer='slope', statistic='median', min=5)``.

    Raises:
        ConfigError: if a value is out of range, or both or neither area are given.

    Source: section 3.3, phase 1 (3), Eqs. 13-15; it names NDVI, slope, aspect and curvature without
        limits.
    """

    min_area_m2: float | None = None
    area_factor: float | None = None
    max_area_m2: float | None = None
    max_lw_ratio: float | None = None
    rules: Sequence[Mapping[str, Any] | LayerRule] = ()

    def __post_init__(self) -> None:
        if (self.min_area_m2 is None) == (self.area_factor is None):
            raise ConfigError(
                f'GeologicFilter got min_area_m2={self.min_area_m2} and '
                f'area_factor={self.area_factor}; give exactly one of them'
            )
        limits = {'min_area_m2': 0, 'area_factor': 0, 'max_area_m2': 0, 'max_lw_ratio': 1}
        given = {name: getattr(self, name) for name in limits}
        require_options(
            self,
            **{
                name: (value is None or value >= limits[name], f'{limits[name]} or more')
                for name, value in given.items()
            },
        )
        if isinstance(self.rules, str | Mapping) or not isinstance(self.rules, Sequence):
            raise ConfigError(
                f'GeologicFilter rules are {self.rules!r}; wanted is a list of dicts, such as '
                f"[dict(layer='slope', min=5)]"
            )
        object.__setattr__(self, 'rules', tuple(map(LayerRule.from_config, self.rules)))
        sources: dict[str, tuple] = {}
        for rule in self._rules:
            if sources.setdefault(rule.column, rule.source) != rule.source:
                raise ConfigError(
                    f'two GeologicFilter rules give the column {rule.column!r} from other bands or '
                    f'with another resampling; give the raster a second name for one of them'
                )

    def check(self, inputs: EarlyInputs) -> None:
        """Refuse rules without their layer, before the scene is mapped.

        Raises:
            ConfigError: if a rule's layer is not given, or no area can pass both limits.
            DfpenetError: if a layer cannot be read on the scene.
        """
        self._check_areas(inputs.grid)
        check_sources(self._rules, inputs.layers, inputs.grid)

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Reject what breaks a limit.

        Raises:
            ConfigError: as ``check``.
            DfpenetError: if a layer cannot be read.
            OutputError: if ``out_dir`` cannot take a temporary raster.
        """
        self._check_areas(product.grid)
        values = rule_values(product, self._rules) if self._rules else pd.DataFrame()
        verdict = _Verdict(len(product.landslides))
        result = self._judge_measures(verdict, product.landslides, product.grid)
        result['rules'] = [
            self._judge_rule(verdict, rule, values[rule.column].to_numpy()) for rule in self._rules
        ]
        name = type(self).__name__
        product = product.replace(landslides=product.landslides.assign(**values))
        for sentence in self._doubts(product, result['rules']):
            product = product.with_warning(sentence)
        return product.reject(verdict.rejected, name, verdict.reasons).with_result(name, result)

    def minimum_area(self, grid: RasterGrid) -> float:
        """Return the smallest area kept on that grid, square metres."""
        if self.min_area_m2 is not None:
            return float(self.min_area_m2)
        return (self.area_factor or 0.0) * grid.gsd

    @property
    def _rules(self) -> tuple[LayerRule, ...]:
        return tuple(map(LayerRule.from_config, self.rules))

    def _check_areas(self, grid: RasterGrid) -> None:
        minimum = self.minimum_area(grid)
        if self.max_area_m2 is not None and self.max_area_m2 < minimum:
            raise ConfigError(
                f'GeologicFilter max_area_m2 is {self.max_area_m2} and the smallest area kept '
                f'{minimum:g} m2, so nothing would pass; raise the one or lower the other'
            )

    def _judge_measures(
        self, verdict: _Verdict, regions: gpd.GeoDataFrame, grid: RasterGrid
    ) -> dict[str, Any]:
        minimum = self.minimum_area(grid)
        largest = np.inf if self.max_area_m2 is None else self.max_area_m2
        area, thin = areas_m2(regions), 0
        small = verdict.reject(
            area < minimum * (1 - ROUNDING),
            lambda row: f'area {_m2(area[row])} is below {_m2(minimum)}',
        )
        large = verdict.reject(
            area > largest * (1 + ROUNDING),
            lambda row: f'area {_m2(area[row])} is above {_m2(largest)}',
        )
        # Rectangles take longer than all else here.
        if self.max_lw_ratio is not None:
            ratio = measure(regions)['lw_ratio'].to_numpy()
            thin = verdict.reject(
                ratio > self.max_lw_ratio * (1 + ROUNDING),
                lambda row: f'length/width {ratio[row]:.1f} is above {self.max_lw_ratio}',
            )
        return {
            'min_area_m2': minimum,
            'max_area_m2': self.max_area_m2,
            'max_lw_ratio': self.max_lw_ratio,
            'rejected_small': small,
            'rejected_large': large,
            'rejected_thin': thin,
        }

    def _judge_rule(self, verdict: _Verdict, rule: LayerRule, values: np.ndarray) -> dict[str, Any]:
        unknown = np.isnan(values)
        broken = rule.broken(values) | (unknown & (rule.missing == 'reject'))
        rejected = verdict.reject(broken, lambda row: rule.reason(values[row]))
        return rule.as_dict() | {'rejected': rejected, 'without_data': int(unknown.sum())}

    def _doubts(self, product: LandslideProduct, judged: Sequence[Mapping[str, Any]]) -> list[str]:
        doubts = []
        if any(comes_from_dem(rule, product.layers) for rule in self._rules):
            doubts.append(doubt_elevations(product.layers[DEM]))
        doubts += [
            f'{rule["without_data"]} of {counted(len(product.landslides), "landslide")} '
            f'{agreeing(rule["without_data"], "lacks", "lack")} data in the layer '
            f'{rule["layer"]!r} and {agreeing(rule["without_data"], "was", "were")} '
            + ('rejected' if rule['missing'] == 'reject' else 'kept without it')
            for rule in judged
            if rule['without_data']
        ]
        return [doubt for doubt in doubts if doubt]


def _m2(area: float) -> str:
    return f'{decimal(area, 1).replace(",", "")} m2'


class _Verdict:
    """The regions that are rejected, each for the first reason found."""

    def __init__(self, regions: int) -> None:
        self.rejected = np.zeros(regions, dtype=bool)
        self._sentences = np.empty(regions, dtype=object)

    @property
    def reasons(self) -> list[str]:
        return self._sentences[self.rejected].tolist()

    def reject(self, broken: np.ndarray, sentence: Callable[[int], str]) -> int:
        """Reject what is not yet rejected and say why; return how many those are."""
        rows = np.flatnonzero(broken & ~self.rejected)
        self._sentences[rows] = [sentence(row) for row in rows.tolist()]
        self.rejected[rows] = True
        return len(rows)
