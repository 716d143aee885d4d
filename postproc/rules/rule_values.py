"""The statistics that rules ask for, of every landslide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from rasterio.windows import Window

from postproc.masks.warped_layer import WarpedLayer
from postproc.masks.zonal_statistics import zonal_statistics
from postproc.product import LandslideProduct
from postproc.rules.layer_rule import (
    FROM_DEM,
    LayerRule,
    check_sources,
    comes_from_dem,
    raster_of,
)
from postproc.terrain.dem import DEM, ElevationLayer
from postproc.terrain.dem_tiles import write_derivatives
from postproc.terrain.landslide_terrain import mean_direction

# What less than this share of a landslide's pixels says is not said of the landslide.
MIN_COVERAGE = 0.5

Read = Callable[[Window], list[np.ndarray]]


def rule_values(product: LandslideProduct, rules: Sequence[LayerRule]) -> pd.DataFrame:
    """Compute every rule's statistic.

    Args:
        product: with the layers that the rules name.
        rules: what is wanted.

    Returns:
        One row a landslide, same index, and the rules' columns, float64; NaN where less than
        half of its pixels have data in the layer. All layers are read once, window by window.

    Raises:
        ConfigError: if the product lacks a rule's layer.
        DfpenetError: if a layer cannot be read on the scene.
        OutputError: if ``out_dir`` cannot take a temporary raster.
    """
    check_sources(rules, product.layers, product.grid)
    columns = {}
    with (
        ExitStack() as stack,
        TemporaryDirectory(prefix='.part-', dir=product.out_dir) as folder,
    ):
        readers = _dem_readers(product, rules, Path(folder), stack)
        readers |= _raster_readers(product, rules, stack)
        names = [name for bands in readers for name in bands]
        statistics = sorted({'pixels', 'count', *(rule.statistic for rule in rules)})
        tables = zonal_statistics(
            product.landslides.geometry.to_numpy(),
            product.grid,
            lambda window: [band for read in readers.values() for band in read(window)],
            names,
            statistics,
        )
        for rule in rules:
            columns[rule.column] = _statistic(rule, tables, product.layers)
    return pd.DataFrame(columns).set_index(product.landslides.index)


def _statistic(
    rule: LayerRule, tables: Mapping[str, pd.DataFrame], layers: Mapping[str, Path]
) -> np.ndarray:
    names = FROM_DEM['aspect'] if rule.layer == 'aspect' else [_key(rule, layers)]
    parts = [tables[name] for name in names]
    values = [part[rule.statistic].to_numpy() for part in parts]
    numbers = mean_direction(*values) if rule.layer == 'aspect' else values[0]
    covered = parts[0]['count'] >= MIN_COVERAGE * parts[0]['pixels']
    return np.where(covered, numbers, np.nan)


def _key(rule: LayerRule, layers: Mapping[str, Path]) -> str:
    """Name what a rule reads; rules that read the same share it."""
    if comes_from_dem(rule, layers):
        return rule.layer
    return f'{raster_of(rule, layers)}:{rule.red}:{rule.nir}:{rule.resampling}'


def _dem_readers(
    product: LandslideProduct, rules: Sequence[LayerRule], folder: Path, stack: ExitStack
) -> dict[tuple[str, ...], Read]:
    wanted = [rule.layer for rule in rules if comes_from_dem(rule, product.layers)]
    bands = tuple(dict.fromkeys(band for layer in wanted for band in FROM_DEM[layer]))
    readers: dict[tuple[str, ...], Read] = {}
    if 'elevation' in wanted:
        dem = stack.enter_context(ElevationLayer(product.layers[DEM], product.grid))
        readers['elevation',] = dem.read
    if bands:
        derived = write_derivatives(
            product.layers[DEM],
            folder / 'terrain.tif',
            bands,
            product.landslides.geometry.to_numpy(),
            product.grid,
        )
        numbers = range(1, len(bands) + 1)
        readers[bands] = stack.enter_context(WarpedLayer(derived, product.grid, bands=numbers)).read
    return readers


def _raster_readers(
    product: LandslideProduct, rules: Sequence[LayerRule], stack: ExitStack
) -> dict[tuple[str, ...], Read]:
    readers: dict[tuple[str, ...], Read] = {}
    for rule in rules:
        key = (_key(rule, product.layers),)
        if comes_from_dem(rule, product.layers) or key in readers:
            continue
        layer = WarpedLayer(
            product.layers[raster_of(rule, product.layers)],
            product.grid,
            bands=rule.bands or (1,),
            resampling=rule.resampling,
        )
        stack.enter_context(layer)
        readers[key] = layer.read if rule.raster is None else _ndvi(layer)
    return readers


def _ndvi(layer: WarpedLayer) -> Read:
    """Read the normalised difference vegetation index, NaN where both bands are 0."""

    def read(window: Window) -> list[np.ndarray]:
        red, nir = layer.read(window)
        total = nir + red
        return [np.divide(nir - red, total, out=np.full_like(red, np.nan), where=total != 0)]

    return read
