"""The inventory as the report shows it, and what was edited since the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dfpenet_mm.review import review_states
from dfpenet_mm.vocabulary import WGS84, Review
from dfpenet_mm.wording import counted

# Equal-area on the ellipsoid, metres: how large an outline is after somebody moved it.
EQUAL_AREA = 'EPSG:6933'
# Areas of one outline measured here and by the run agree to this share; more is another outline.
SAME_AREA = 0.03
# A centre further off, by this share of a landslide's side, is that of another outline.
SAME_PLACE = 1e-4
# Smallest difference that counts, square metres.
SMALL_AREA_M2 = 1.0
# Fields of yes and no, and how programs write them.
FLAGS = ('touches_edge',)
YES_NO = {'true': True, '1': True, '1.0': True, 'false': False, '0': False, '0.0': False}
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
class ShownInventory:
    """Landslides with a number and an area each.

    Args:
        table: one landslide a row, none without an outline, with ``id`` and ``area_m2``.
        rejected: likewise, the regions that hooks took away and nobody took back; None without
            any.
        edits: sentences on how it differs from what the run found; empty if it does not.
        finished: whether all was measured again since it was edited.
    """

    table: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    edits: tuple[str, ...]
    finished: bool = False


def shown_inventory(
    landslides: gpd.GeoDataFrame,
    summary: Mapping[str, Any],
    rejected: gpd.GeoDataFrame | None = None,
) -> ShownInventory:
    """Make an inventory fit to show, also after an analyst has edited it in a GIS.

    Args:
        landslides: as in the file: new landslides may lack attributes, changed ones may have
            those of their former outline.
        summary: of the run, whose landslides are numbered from 1.
        rejected: what hooks took away, numbered on from the landslides; None without any. What
            an edited landslide covers was taken back.

    Returns:
        The landslides with an outline; numbers that are missing are given, areas and places that
        are missing or no longer true are measured, other measures that are no longer true are
        unknown.
    """
    table, told = _drawn(landslides), run_totals(summary)
    regions = None if rejected is None else _drawn(rejected)
    measured, written = _areas_m2(table), numbers_in(table, 'area_m2')
    # A file that was saved in another CRS still tells places in the scene's.
    crs = summary.get('scene', {}).get('crs') or table.crs
    moved = moved_outlines(table.to_crs(crs) if table.crs else table)
    new = np.isnan(written)
    areas = np.where(new | moved, measured, written)
    known = _known(table, told)
    taken = _covered(regions, table[~known | moved]) if regions is not None else np.zeros(0, bool)
    back = _taken_back(table[~known], told, regions, taken)
    first = 1 + max([0, *numbers_in(regions, 'id')]) if regions is not None else 1
    table = _placed(table.assign(id=_ids(table, first), area_m2=areas), new | moved)
    edits = _edits(table, told, known=known, moved=moved & ~new, taken=back)
    if regions is not None:
        regions = _measured(regions[~taken].reset_index(drop=True))
    some = regions is not None and len(regions) > 0
    counted_again = len(table) == summary.get('totals', {}).get('landslides')
    finished = 'review' in summary and counted_again and not (new | moved).any()
    return ShownInventory(table, regions if some else None, tuple(edits), bool(finished))


def _drawn(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out what has no outline; write flags as 0 and 1, whatever an editor made of them."""
    drawn = np.nan_to_num(shapely.area(table.geometry.to_numpy())) > 0
    table = table[drawn].reset_index(drop=True)
    flags = {name: _flags(table[name]) for name in FLAGS if name in table}
    return table.assign(**flags)


def _flags(values: pd.Series) -> pd.Series:
    """Read yes and no where an empty cell has turned the column into numbers or texts."""
    if pd.api.types.is_bool_dtype(values):
        return values
    known = values.map(str, na_action='ignore').str.lower().map(YES_NO)
    return known.astype(float)


def _measured(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    written = numbers_in(table, 'area_m2')
    areas = np.where(np.isnan(written), _areas_m2(table), written)
    return table.assign(id=_ids(table, 1), area_m2=areas)


def run_totals(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the run had found, also where its inventory was finished since."""
    return (summary.get('review') or {}).get('run_totals') or summary.get('totals', {})


def moved_outlines(table: gpd.GeoDataFrame) -> np.ndarray:
    """Find outlines that are no longer those whose measures were written.

    Args:
        table: landslides with an area, in the CRS in which ``centroid_x`` and ``centroid_y`` are.

    Returns:
        Boolean, shape (rows,); False where nothing was written.
    """
    written, measured = numbers_in(table, 'area_m2'), _areas_m2(table)
    points = shapely.get_coordinates(shapely.centroid(table.geometry.to_numpy()))
    places = np.column_stack([numbers_in(table, 'centroid_x'), numbers_in(table, 'centroid_y')])
    side = np.sqrt(shapely.area(table.geometry.to_numpy()))
    with np.errstate(invalid='ignore'):
        resized = np.abs(written - measured) > np.maximum(SAME_AREA * measured, SMALL_AREA_M2)
        return resized | (np.hypot(*(points - places).T) > SAME_PLACE * side)


def _known(table: pd.DataFrame, told: Mapping[str, Any]) -> np.ndarray:
    """Find the landslides that the run numbered."""
    ids, found = numbers_in(table, 'id'), told.get('landslides')
    with np.errstate(invalid='ignore'):
        return np.isfinite(ids) & (ids >= 1) & (True if found is None else ids <= found)


def _covered(regions: gpd.GeoDataFrame, edited: gpd.GeoDataFrame) -> np.ndarray:
    """Find rejected regions that an edited landslide covers."""
    points = shapely.point_on_surface(regions.geometry.to_numpy())
    moved = edited.geometry if edited.crs == regions.crs else edited.geometry.to_crs(regions.crs)
    hits = shapely.STRtree(moved.to_numpy()).query(points, 'within')
    return np.isin(np.arange(len(regions)), hits[0])


def _taken_back(
    added: pd.DataFrame,
    told: Mapping[str, Any],
    regions: gpd.GeoDataFrame | None,
    taken: np.ndarray,
) -> int:
    """Count rejected regions that are landslides now: covered by one, or moved to them."""
    numbers = set() if regions is None else set(numbers_in(regions, 'id')[taken])
    found = told.get('landslides') or 0
    rejected = range(found + 1, found + 1 + told.get('rejected', 0))
    moved = {number for number in numbers_in(added, 'id') if number in rejected} - numbers
    return int(taken.sum()) + len(moved)


def _areas_m2(table: gpd.GeoDataFrame) -> np.ndarray:
    return table.geometry.to_crs(EQUAL_AREA).area.to_numpy(dtype=float)


def _placed(table: gpd.GeoDataFrame, changed: np.ndarray) -> gpd.GeoDataFrame:
    """Say where changed outlines lie, and forget the shape of their former ones."""
    if not changed.any():
        return table
    known = {name: numbers_in(table, name) for name in SHAPE if name in table}
    columns = {name: np.where(changed, np.nan, values) for name, values in known.items()}
    places = table.geometry[changed].to_crs(EQUAL_AREA).centroid.to_crs(WGS84)
    for name, values in (('lon', places.x), ('lat', places.y)):
        columns[name] = numbers_in(table, name).copy()
        columns[name][changed] = values
    return table.assign(**columns)


def numbers_in(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as float64, shape (rows,); NaN where it is missing or holds no number."""
    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors='coerce').to_numpy(dtype=float, na_value=np.nan)


def _ids(table: pd.DataFrame, first: int) -> np.ndarray:
    """Keep the numbers there are; the others count on from the largest, at least from ``first``."""
    ids = numbers_in(table, 'id').copy()
    missing = np.isnan(ids)
    largest = 0 if missing.all() else int(np.nanmax(ids))
    ids[missing] = max(largest + 1, first) + np.arange(missing.sum())
    return ids.astype(np.int64)


def _edits(
    table: pd.DataFrame,
    told: Mapping[str, Any],
    *,
    known: np.ndarray,
    moved: np.ndarray,
    taken: int,
) -> Iterator[str]:
    found, area = told.get('landslides'), told.get('area_m2')
    if found is None or area is None:
        return
    now, kept = float(table['area_m2'].sum()), table['id'][known]
    outlines = moved | (review_states(table) == Review.EDITED)
    changed, added = int((outlines & known).sum()), int((~known).sum())
    removed, shared = found - kept.nunique(), int(table['id'].duplicated(keep=False).sum())
    if removed:
        yield f'{counted(removed, "landslide")} removed'
    if changed:
        yield f'{counted(changed, "outline")} changed, with area and position measured again'
    if taken:
        yield f'{counted(taken, "removed candidate")} taken back'
    if added > taken:
        yield f'{counted(added - taken, "landslide")} added'
    if shared:
        yield f'{counted(shared, "landslide")} with a number that is not unique'
    if found != len(table):
        yield f'{counted(len(table), "landslide")} now, {found:,} when the run ended'
    if abs(now - area) > max(SAME_AREA * area, SMALL_AREA_M2):
        yield f'{now / 1e6:.3f} km² now, {area / 1e6:.3f} km² when the run ended'
