"""Where the values of a rule's layer come from: a raster of the product, or its DEM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.layers.layer_check import check_layer
from postproc.rules.layer_rule import LayerRule
from postproc.terrain.dem import check_dem

DEM = 'dem'
# Layers by the bands that are derived from the DEM for them.
FROM_DEM = {
    'elevation': (),
    'slope': ('slope',),
    'aspect': ('aspect_east', 'aspect_north'),
    'curvature': ('curvature',),
    'profile_curvature': ('profile_curvature',),
    'plan_curvature': ('plan_curvature',),
    'relief': ('relief',),
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
            bands = None if rule.raster is None else (rule.red, rule.nir)
            check_layer(layers[name], grid, name, bands=bands)
