"""The vectoriser: numbered, measured, editable polygons in a GeoPackage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError

from dfpenet_mm.errors import ConfigError
from postproc.atomic import write_errors, written_beside
from postproc.inventory.measures import areas_m2, measure
from postproc.masks.burner import zone_sums
from postproc.masks.rasters import open_role
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC

# Key of a layer's metadata that holds the product's provenance as JSON.
PROVENANCE_KEY = 'DFPENET_MM'
FIELDS = (
    'id',
    'area_m2',
    'perimeter_m',
    'length_m',
    'width_m',
    'lw_ratio',
    'centroid_x',
    'centroid_y',
    'lon',
    'lat',
    'mean_probability',
    'pre_coverage',
    'pre_share',
    'pre_persistence',
)
# Centroids that differ by less are level (1e-7 degrees: 1 cm), so that rounding in the
# arithmetic never swaps two numbers.
LEVEL_DECIMALS = 7


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class Vectoriser:
    """Numbers and measures the landslides, and writes them to a GeoPackage.

    Numbers run from 1, north to south and then west to east by centroid. Columns of earlier
    hooks are kept behind the fields of ``FIELDS``; a field that no hook filled is null.

    Args:
        filename: name of the GeoPackage in the product's ``out_dir``, ending in .gpkg.
        layer: layer of the landslides; what hooks rejected goes to the layer ``rejected``.

    Raises:
        ConfigError: if the name is no plain name of a GeoPackage, or the layer is 'rejected'.

    Source: section 3.3 (4).
    """

    filename: str = 'landslides.gpkg'
    layer: str = 'landslides'

    def __post_init__(self) -> None:
        if Path(self.filename).name != self.filename or not self.filename.endswith('.gpkg'):
            raise ConfigError(
                f'Vectoriser filename is {self.filename!r}; wanted is a name without folder that '
                f"ends in .gpkg, such as 'landslides.gpkg'"
            )
        if self.layer in ('', 'rejected'):
            raise ConfigError(
                f'Vectoriser layer is {self.layer!r}; give it a name, and another than that '
                f"of the rejected regions, such as 'landslides'"
            )

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Fill in the fields and write the file.

        Raises:
            InputFileError: if the probability raster is unreadable.
            GridMismatchError: if it is on another grid.
            OutputError: if the file cannot be written: no such folder, a full disk.
        """
        product = product.replace(landslides=_tabulate(product))
        layers = {self.layer: product.landslides}
        if product.rejected is not None and len(product.rejected):
            layers['rejected'] = product.rejected.assign(area_m2=areas_m2(product.rejected))
        _write(layers, product.out_dir / self.filename, product.provenance)
        result = {
            'file': self.filename,
            'layers': {name: len(table) for name, table in layers.items()},
            'area_m2': float(product.landslides['area_m2'].sum()),
        }
        return product.with_result(type(self).__name__, result)


def _tabulate(product: LandslideProduct) -> gpd.GeoDataFrame:
    own = product.landslides.drop(columns=['id'], errors='ignore').reset_index(drop=True)
    measures = measure(own)
    fields = measures.assign(mean_probability=_mean_probability(product))
    order = np.lexsort(
        (measures['lon'].round(LEVEL_DECIMALS), -measures['lat'].round(LEVEL_DECIMALS))
    )
    kept = own.drop(columns=[name for name in fields if name in own])
    table = kept.join(fields).iloc[order].reset_index(drop=True)
    table['id'] = np.arange(1, len(table) + 1)
    for name in ('pre_coverage', 'pre_share', 'pre_persistence'):
        if name not in table:
            table[name] = np.nan
    others = [name for name in own.columns if name not in (*FIELDS, own.geometry.name)]
    return table[[*FIELDS, *others, own.geometry.name]]


def _mean_probability(product: LandslideProduct) -> np.ndarray | float:
    if 'probability' not in product.rasters:
        return np.nan
    with open_role(product, 'probability') as probability:

        def layers(window):
            values = probability.read(1, window=window, masked=True).astype(float).filled(np.nan)
            valid = np.isfinite(values)
            return np.where(valid, values, 0.0), valid

        geometries = product.landslides.geometry.to_numpy()
        total, pixels = zone_sums(geometries, product.grid, layers, 2).T
    return np.divide(total, pixels, out=np.full(len(pixels), np.nan), where=pixels > 0)


def _write(layers: Mapping[str, pd.DataFrame], path: Path, provenance: Mapping[str, Any]) -> None:
    with write_errors(path, DataSourceError, DataLayerError), written_beside(path) as part:
        for number, (name, table) in enumerate(layers.items()):
            # One type for the layer: a region whose parts meet at corners has two polygons.
            table.to_file(
                part,
                layer=name,
                driver='GPKG',
                engine='pyogrio',
                mode='a' if number else 'w',
                geometry_type='MultiPolygon',
                promote_to_multi=True,
                layer_metadata={PROVENANCE_KEY: json.dumps(dict(provenance))},
            )
