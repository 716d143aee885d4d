"""A rule on what a raster says of a landslide, as a config states it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.masks.warped_layer import check_layer
from postproc.masks.zone_reduction import check_statistic
from postproc.terrain.dem import DEM, check_dem

# Statistics that say where or how many are no values of the layer.
NO_VALUES = ('pixels', 'count', 'argmin', 'argmax')
MISSING = ('keep', 'reject')
RESAMPLINGS = ('bilinear', 'nearest')
# Units of the layers that are computed here.
CURVATURES = ('curvature', 'profile_curvature', 'plan_curvature')
UNITS = {
    **dict.fromkeys(('elevation', 'relief'), ' m'),
    **dict.fromkeys(('slope', 'aspect'), ' degrees'),
    **dict.fromkeys(CURVATURES, ' per m'),
}


@dataclass(frozen=True, kw_only=True)
class LayerRule:
    """Keeps landslides whose statistic of a layer lies within limits.

    Args:
        layer: ``elevation``, ``slope``, ``aspect``, ``curvature``, ``profile_curvature``,
            ``plan_curvature`` or ``relief``, from the product's layer ``dem``; ``ndvi``, from
            ``raster``; or any layer of the product, a raster of one band. A layer of that very
            name in the product is used as it is, and not computed.
        statistic: ``mean``, ``median``, ``std``, ``min``, ``max`` or a percentile such as
            ``p10``, over the pixels of a landslide; of the aspect only ``mean``, its mean
            direction.
        min: smallest value kept, or None.
        max: largest value kept, or None. For the aspect both are wanted, clockwise from ``min``
            to ``max``: 300 and 60 keep what faces north.
        missing: ``keep`` or ``reject`` landslides under less than half of whose pixels the layer
            has data.
        raster: layer of the product with the bands from which ``ndvi`` is computed.
        red: number of its red band, from 1.
        nir: number of its near-infrared band.
        resampling: ``bilinear``, or ``nearest`` for a layer of classes.

    Raises:
        ConfigError: if a value is out of range, or they contradict each other.
    """

    layer: str
    statistic: str = 'mean'
    min: float | None = None
    max: float | None = None
    missing: str = 'keep'
    raster: str | None = None
    red: int | None = None
    nir: int | None = None
    resampling: str = 'bilinear'

    def __post_init__(self) -> None:
        if not isinstance(self.layer, str) or not self.layer:
            raise ConfigError(f'a rule has the layer {self.layer!r}; wanted is the name of one')
        self._check_statistic()
        self._check_limits()
        for name, choices in (('missing', MISSING), ('resampling', RESAMPLINGS)):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f'the rule on {self.layer!r} has {name}={getattr(self, name)!r}; wanted is one '
                    f'of {choices}'
                )
        self._check_bands()

    @classmethod
    def from_config(cls, cfg: Mapping[str, Any] | LayerRule) -> LayerRule:
        """Read a rule of a config's list.

        Raises:
            ConfigError: if it is no dict of these arguments, or a value is out of range.
        """
        if isinstance(cfg, cls):
            return cfg
        known = [field.name for field in fields(cls)]
        if not isinstance(cfg, Mapping) or 'layer' not in cfg or set(cfg) - set(known):
            raise ConfigError(
                f'a rule is {cfg!r}; wanted is a dict with a layer and some of '
                f"{', '.join(known[1:])}, such as dict(layer='slope', min=5)"
            )
        return cls(**cfg)

    @property
    def column(self) -> str:
        """Name of the column that keeps the statistic, such as ``ndvi_before_mean``."""
        return '_'.join(filter(None, (self.layer, self.raster, self.statistic)))

    @property
    def source(self) -> tuple[str | int | None, ...]:
        """Layer, bands and resampling of the statistic; rules of one column must share them."""
        return self.layer, self.raster, self.red, self.nir, self.resampling

    @property
    def bands(self) -> tuple[int, int] | None:
        """Numbers of the red and the near-infrared band; None for a layer of one band."""
        return None if self.red is None or self.nir is None else (self.red, self.nir)

    def as_dict(self) -> dict[str, Any]:
        """Return what the rule states, as plain JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def broken(self, values: np.ndarray) -> np.ndarray:
        """Tell which values, shape (landslides,), lie beyond the limits; NaN never does."""
        low = -np.inf if self.min is None else self.min
        high = np.inf if self.max is None else self.max
        below, above = values < low, values > high
        # Only directions have a smallest value above the largest: through north.
        return below & above if low > high else below | above

    def reason(self, value: float) -> str:
        """Say why a landslide of that value is rejected."""
        unit = UNITS.get(self.layer, '')
        what = ' '.join(filter(None, (self.layer, self.raster, self.statistic)))
        if math.isnan(value):
            return f'{what} is unknown, the layer lacks data there'
        if self.layer == 'aspect':
            return f'{what} {value:.5g}{unit} is not within {self.min:g} to {self.max:g}'
        if self.min is not None and value < self.min:
            return f'{what} {value:.5g}{unit} is below {self.min:g}'
        return f'{what} {value:.5g}{unit} is above {self.max:g}'

    def _check_statistic(self) -> None:
        check_statistic(self.statistic)
        if self.statistic in NO_VALUES:
            raise ConfigError(
                f'the rule on {self.layer!r} has the statistic {self.statistic!r}, which is no '
                f"value of the layer; give for example 'mean', 'median' or 'p10'"
            )
        if self.layer == 'aspect' and self.statistic != 'mean':
            raise ConfigError(
                f"the rule on 'aspect' has the statistic {self.statistic!r}; a direction has only "
                f"a 'mean'"
            )

    def _check_limits(self) -> None:
        for name in ('min', 'max'):
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if value is not None and not (number and math.isfinite(value)):
                raise ConfigError(
                    f'the rule on {self.layer!r} has {name}={value!r}; wanted is a number'
                )
        given = [value for value in (self.min, self.max) if value is not None]
        if self.layer == 'aspect':
            if len(given) < 2 or not all(0 <= value <= 360 for value in given):
                raise ConfigError(
                    f"the rule on 'aspect' has min={self.min} and max={self.max}; wanted are both, "
                    f'0 to 360 degrees from north'
                )
        elif not given or given != sorted(given):
            raise ConfigError(
                f'the rule on {self.layer!r} has min={self.min} and max={self.max}; give one of '
                f'them, or a min up to the max'
            )

    def _check_bands(self) -> None:
        given = {name: getattr(self, name) for name in ('raster', 'red', 'nir')}
        if all(value is None for value in given.values()):
            return
        numbers = [self.red, self.nir]
        counts = all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in numbers)
        if self.layer != 'ndvi' or not isinstance(self.raster, str) or not counts:
            raise ConfigError(
                f'the rule on {self.layer!r} has {given}; only ndvi has these, all of them: '
                f"dict(layer='ndvi', raster='NAME', red=1, nir=4) with band numbers from 1"
            )


# Layers by the bands that are derived from the DEM for them.
FROM_DEM = {
    'elevation': (),
    'aspect': ('aspect_east', 'aspect_north'),
    **{name: (name,) for name in ('slope', *CURVATURES, 'relief')},
}


def comes_from_dem(rule: LayerRule, layers: Mapping[str, Path]) -> bool:
    """Tell whether a rule's layer is computed from the DEM.

    A direction is never read from a raster of degrees, which cannot be averaged.
    """
    return rule.layer in FROM_DEM and (rule.layer not in layers or rule.layer == 'aspect')


def raster_of(rule: LayerRule, layers: Mapping[str, Path]) -> str:
    """Name the product's layer that a rule reads.

    Raises:
        ConfigError: if the product has no such layer.
    """
    if comes_from_dem(rule, layers):
        name, option = DEM, '--dem PATH'
    else:
        name = rule.raster or rule.layer
        option = f'--layer {name}=PATH'
    if name not in layers:
        made = f', which is computed from {name!r}' if name != rule.layer else ''
        raise ConfigError(
            f'a rule of GeologicFilter is on {rule.layer!r}{made}, but the run has the layers '
            f'{sorted(layers)}; give it with {option}, or take the rule out of the config'
        )
    return name


def check_sources(rules: Sequence[LayerRule], layers: Mapping[str, Path], grid: RasterGrid) -> None:
    """Refuse layers that are missing or cannot serve the rules.

    Raises:
        ConfigError: if a rule's layer is not among them.
        DfpenetError: as ``check_layer`` and ``check_dem``.
    """
    for rule in rules:
        name = raster_of(rule, layers)
        if comes_from_dem(rule, layers):
            check_dem(layers[name], grid)
        else:
            check_layer(layers[name], grid, name, bands=rule.bands)
