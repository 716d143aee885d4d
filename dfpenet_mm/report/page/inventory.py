"""The inventory as the report shows it, and whether it is still what the run found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

# Equal-area on the ellipsoid, metres: how large an outline is after somebody moved it.
EQUAL_AREA = 'EPSG:6933'
# Areas of one outline measured here and by the run agree to this share; more is another outline.
SAME_AREA = 0.03
# Smallest difference that counts, square metres.
SMALL_AREA_M2 = 1.0
# What a changed outline makes untrue besides its area.
SHAPE = (
    'perimeter_m',
    'length_m',
    'width_m',
    'lw_ratio',
    'azimuth_deg',
    'compactness',
    'centroid_x',
    'centroid_y',
)


@dataclass(frozen=True)
class Inventory:
    """Landslides with a number and an area each.

    Args:
        table: one landslide a row, none without an outline, with ``id`` and ``area_m2``.
        edits: sentences on how it differs from what the run found; empty if it does not.
    """

    table: gpd.GeoDataFrame
    edits: tuple[str, ...]


def shown_inventory(landslides: gpd.GeoDataFrame, summary: Mapping[str, Any]) -> Inventory:
    """Make an inventory fit to show, also after an analyst has edited it in a GIS.

    Args:
        landslides: as in the file: new landslides may lack attributes, changed ones may have
            those of their former outline.
        summary: of the run.

    Returns:
        The landslides with an outline; numbers that are missing are given, areas and places that
        are missing or no longer true are measured, other measures that are no longer true are
        unknown.
    """
    drawn = np.nan_to_num(shapely.area(landslides.geometry.to_numpy())) > 0
    table = landslides[drawn].reset_index(drop=True)
    measured = _areas_m2(table)
    told = _numbers(table, 'area_m2')
    with np.errstate(invalid='ignore'):
        moved = np.abs(told - measured) > np.maximum(SAME_AREA * measured, SMALL_AREA_M2)
    new = np.isnan(told)
    areas = np.where(new | moved, measured, told)
    table = _placed(table.assign(id=_ids(table), area_m2=areas), new | moved)
    return Inventory(table, tuple(_edits(table, summary, new=new.sum(), moved=moved.sum())))


def _areas_m2(table: gpd.GeoDataFrame) -> np.ndarray:
    return table.geometry.to_crs(EQUAL_AREA).area.to_numpy(dtype=float)


def _placed(table: gpd.GeoDataFrame, changed: np.ndarray) -> gpd.GeoDataFrame:
    """Say where changed outlines lie, and forget the shape of their former ones."""
    if not changed.any():
        return table
    known = {name: _numbers(table, name) for name in SHAPE if name in table}
    columns = {name: np.where(changed, np.nan, values) for name, values in known.items()}
    places = table.geometry[changed].to_crs(EQUAL_AREA).centroid.to_crs('EPSG:4326')
    for name, values in (('lon', places.x), ('lat', places.y)):
        columns[name] = _numbers(table, name).copy()
        columns[name][changed] = values
    return table.assign(**columns)


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors='coerce').to_numpy(dtype=float, na_value=np.nan)


def _ids(table: pd.DataFrame) -> np.ndarray:
    """Keep the numbers there are; the others count on from the largest."""
    ids = _numbers(table, 'id').copy()
    missing = np.isnan(ids)
    largest = 0 if missing.all() else int(np.nanmax(ids))
    ids[missing] = largest + 1 + np.arange(missing.sum())
    return ids.astype(np.int64)


def _edits(table: pd.DataFrame, summary: Mapping[str, Any], *, new: int, moved: int) -> list[str]:
    totals = summary.get('totals', {})
    found, area = totals.get('landslides'), totals.get('area_m2')
    now = float(table['area_m2'].sum())
    edits = []
    if found is not None and found != len(table):
        edits.append(f'it has {len(table):,} landslides, the run found {found:,}')
    if new:
        edits.append(f'landslides without an area in the file, which is measured here: {new:,}')
    if moved:
        edits.append(f'outlines that were changed, with area and place measured here: {moved:,}')
    shared = int(table['id'].duplicated(keep=False).sum())
    if shared:
        edits.append(f'landslides that share their number with another: {shared:,}')
    if area is not None and abs(now - area) > max(SAME_AREA * area, SMALL_AREA_M2):
        edits.append(f'its area is {now / 1e6:.3f} km², the run found {area / 1e6:.3f} km²')
    return edits
