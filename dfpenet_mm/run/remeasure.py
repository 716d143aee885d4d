"""A reviewed inventory measured again: every field true, every empty one filled where it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.audit.chance import count_too_small, with_chance
from dfpenet_mm.review import looked_at, plain_texts, read_time, review_states, review_status
from dfpenet_mm.run.edited_inventory import EditedInventory
from dfpenet_mm.vocabulary import (
    HEADSCARPS,
    LANDSLIDES,
    NODATA,
    REJECTED,
    REVIEW,
    REVIEWED_AT,
    REVIEWER,
    Review,
)
from postproc.inventory.fields import TERRAIN_FIELDS, names
from postproc.inventory.inventory_table import HEADSCARP_COLUMNS, InventoryTables, tabulate
from postproc.inventory.layer import Layer
from postproc.inventory.review import (
    TEXTS,
    in_review_order,
    review_layers,
    with_review_columns,
)
from postproc.inventory_statistics import REVIEW_RESULT
from postproc.masks.burner import PolygonBurner
from postproc.masks.product_rasters import open_role, scene_windows
from postproc.pre_event.pre_event_regions import PreEventRegions
from postproc.product import LandslideProduct
from postproc.terrain.dem import DEM

PRE_EVENT = ['pre_coverage', 'pre_share', 'pre_persistence']
PROBABILITIES = ('mean_probability', 'p10_probability')
ROUNDING = 1e-6
CHANGED, NUMBER = 'changed', 'own_number'
COMPARISON = 'TemporalDifference'


def remeasured(
    edited: EditedInventory,
    product: LandslideProduct,
    summary: Mapping[str, Any],
    *,
    reviewer: str | None,
    now: datetime,
) -> tuple[LandslideProduct, list[Layer]]:
    """Measure a settled inventory, and fill in what is empty.

    Args:
        edited: as settled.
        product: lends grid, rasters, the layer ``dem`` and the provenance.
        summary: of the run.
        reviewer: who signs what nobody has signed; None to leave it unsigned.
        now: time of what was reviewed at no known time.

    Returns:
        The product with the inventory, and all layers of its GeoPackage.

    Raises:
        InputFileError: if a raster cannot be read.
        GridMismatchError: if one is on another grid.
    """
    product = product.replace(
        landslides=_signed(_compared(edited.landslides, product, summary), reviewer, now),
        rejected=None if edited.rejected is None else _signed(edited.rejected, reviewer, now),
    )
    tables = _measured(product)
    changed = tables.landslides[CHANGED].to_numpy(dtype=bool)
    landslides, headscarps = tables.landslides.drop(columns=CHANGED), tables.headscarps
    if DEM not in product.layers:
        landslides = _without_terrain(landslides, changed)
        headscarps = _left_points(edited.headscarps, landslides, changed)
    area, places = _reviewed_ground(edited, reviewer, now)
    seen = looked_at(landslides, area.geometry.union_all() if len(area) else None)
    landslides = with_chance(with_review_columns(landslides), tables.rejected, seen)
    landslides, places = in_review_order(
        landslides, with_review_columns(places), product.grid, seen
    )
    product = product.replace(landslides=landslides, rejected=tables.rejected)
    small = count_too_small(landslides, tables.rejected, seen)
    product = product.with_result(
        REVIEW_RESULT, {**_status(product, area), 'too_small_for_a_chance': small}
    )
    layers = {LANDSLIDES: landslides, REJECTED: tables.rejected, HEADSCARPS: headscarps}
    pixel = min(product.grid.pixel_size)
    return product, [
        *(Layer(role, role, table, pixel) for role, table in layers.items() if table is not None),
        *review_layers(area, places),
    ]


def _status(product: LandslideProduct, area: gpd.GeoDataFrame) -> dict[str, Any]:
    """Tell how much was reviewed, as plain JSON values."""
    whole = area.geometry.union_all() if len(area) else None
    share = _share_of_ground(product, area)
    status = review_status(product.landslides, whole, ground=share, others=(area, product.rejected))
    states = review_states(product.landslides)
    return {
        'mark': status.mark,
        'sentence': status.sentence,
        'reviewed': status.reviewed,
        'rejected': status.rejected,
        'share_of_ground': share,
        'reviewers': list(status.reviewers),
        'states': {str(state): int((states == state).sum()) for state in Review},
    }


def _share_of_ground(product: LandslideProduct, area: gpd.GeoDataFrame) -> float:
    """Return the share of the mapped pixels that lie in reviewed areas."""
    if not len(area):
        return 0.0
    mapped = reviewed = 0
    burner = PolygonBurner(area.geometry.to_numpy(), product.grid.transform)
    with open_role(product, 'mask') as mask:
        for window in scene_windows(product.grid.shape):
            valid = mask.read(1, window=window) != NODATA
            mapped += int(np.count_nonzero(valid))
            reviewed += int(np.count_nonzero(valid & burner.inside(window)))
    return reviewed / mapped if mapped else 0.0


def _measured(product: LandslideProduct) -> InventoryTables:
    """Measure as a run does, but keep the numbers."""
    kept = {'landslides': _with_number(product.landslides)}
    if product.rejected is not None and len(product.rejected):
        kept['rejected'] = _with_number(product.rejected).assign(**{CHANGED: False})
    else:
        kept['rejected'] = None
    tables = tabulate(product.replace(**kept))
    numbers = dict(zip(tables.landslides['id'], tables.landslides[NUMBER], strict=True))
    points = tables.headscarps
    if points is not None:
        points = points.assign(landslide_id=points['landslide_id'].map(numbers).astype(np.int64))
    rejected = tables.rejected
    if rejected is not None and product.rejected is not None:
        rejected = _steady(_own_numbers(rejected), product.rejected).drop(columns=CHANGED)
    return replace(
        tables,
        landslides=_steady(_own_numbers(tables.landslides), product.landslides),
        rejected=rejected,
        headscarps=points,
    )


def _steady(measured: gpd.GeoDataFrame, before: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep means that differ by rounding only, which hangs on the order of all landslides."""
    told = before.drop_duplicates('id').set_index('id')
    columns = {}
    for name in PROBABILITIES:
        if name in told and name in measured:
            old = pd.to_numeric(told[name], errors='coerce').reindex(measured['id']).to_numpy(float)
            new = measured[name].to_numpy(dtype=float)
            columns[name] = np.where(np.abs(old - new) < ROUNDING, old, new)
    return measured.assign(**columns)


def _with_number(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    # A column that a hook adds is kept where it was; the run's own are computed anew.
    wide = table.drop(columns=[name for name in HEADSCARP_COLUMNS if name in table])
    return wide.assign(**{NUMBER: wide['id'].to_numpy(dtype=np.int64)})


def _own_numbers(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return table.assign(id=table[NUMBER].to_numpy(dtype=np.int64)).drop(columns=NUMBER)


def _compared(
    table: gpd.GeoDataFrame, product: LandslideProduct, summary: Mapping[str, Any]
) -> gpd.GeoDataFrame:
    """Compare changed landslides with what was recognised before the event, as the run did."""
    hooks = {record['hook']: record for record in summary.get('hooks') or ()}
    changed = table[CHANGED].to_numpy(dtype=bool)
    if COMPARISON not in hooks or not changed.any():
        return table
    if 'pre_mask' in product.rasters:
        least = (hooks[COMPARISON].get('parameters') or {}).get('min_persistence', 0.5)
        regions = PreEventRegions(product, least)
        found = regions.under(product.replace(landslides=table[changed]))[PRE_EVENT]
    else:
        found = pd.DataFrame(np.nan, index=table.index[changed], columns=PRE_EVENT)
        found['pre_coverage'] = 0.0
    columns = {}
    for name in PRE_EVENT:
        told = table[name] if name in table else pd.Series(np.nan, index=table.index)
        columns[name] = (
            pd.to_numeric(told, errors='coerce').astype(float).where(~changed, found[name])
        )
    return table.assign(**columns)


def _signed(table: gpd.GeoDataFrame, reviewer: str | None, now: datetime) -> gpd.GeoDataFrame:
    """Fill in who reviewed and when, where something was reviewed and nobody has said so."""
    table = with_review_columns(table) if REVIEW in table else table
    if REVIEW not in table:
        return table
    return _stamped(table, review_states(table) != Review.UNREVIEWED, reviewer, now)


def _stamped(
    table: gpd.GeoDataFrame, rows: np.ndarray, reviewer: str | None, now: datetime
) -> gpd.GeoDataFrame:
    texts = {name: plain_texts(table, name) for name in TEXTS}
    texts[REVIEWED_AT] = texts[REVIEWED_AT].map(_utc, na_action='ignore')
    given = {REVIEWED_AT: now.isoformat(timespec='seconds').replace('+00:00', 'Z')}
    for name, value in {**given, REVIEWER: reviewer}.items():
        if value is not None:
            texts[name] = texts[name].mask(rows & texts[name].isna(), value)
    return table.assign(**{name: texts[name].astype('str') for name in texts})


def _utc(text: str) -> str:
    """Write a time as the review's own form does; what is none stays as it is."""
    moment = read_time(text)
    return text if moment is None else f'{moment:%Y-%m-%dT%H:%M:%SZ}'


def _without_terrain(table: gpd.GeoDataFrame, changed: np.ndarray) -> gpd.GeoDataFrame:
    """Forget the terrain of changed outlines, of which nobody has an elevation model."""
    terrain = [name for name in names(TERRAIN_FIELDS) if name in table]
    return table.assign(**{name: table[name].where(~changed) for name in terrain})


def _left_points(
    points: gpd.GeoDataFrame | None, table: gpd.GeoDataFrame, changed: np.ndarray
) -> gpd.GeoDataFrame | None:
    if points is None or 'landslide_id' not in points:
        return None
    return points[points['landslide_id'].isin(table['id'][~changed])].reset_index(drop=True)


def _reviewed_ground(
    edited: EditedInventory, reviewer: str | None, now: datetime
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Turn places that were confirmed into reviewed ground."""
    places = with_review_columns(edited.places)
    seen = review_states(places, f'{edited.path}, places to check') != Review.UNREVIEWED
    area = _stamped(edited.area, np.ones(len(edited.area), dtype=bool), reviewer, now)
    done = _stamped(places, seen, reviewer, now)[seen]
    parts = [table for table in (area, done) if len(table)]
    if not parts:
        return area[[*TEXTS, 'geometry']], places
    ground = pd.concat(parts, ignore_index=True)[[*TEXTS, 'geometry']]
    return ground, places[~seen].reset_index(drop=True)
