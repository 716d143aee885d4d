"""The contradictions of an edited inventory settled: numbers, states, and ground claimed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dfpenet_mm.errors import VectorFormatError
from dfpenet_mm.polygons import areas
from dfpenet_mm.report.shown_inventory import moved_outlines, numbers_in, run_totals
from dfpenet_mm.review import plain_texts, review_states
from dfpenet_mm.run.edited_inventory import EditedInventory
from dfpenet_mm.vocabulary import COMMENT, REVIEW, Review
from dfpenet_mm.wording import agreeing, counted

# Of an overlap, the share of a pixel that counts: less is rounding.
LEAST_OVERLAP_PX = 1e-3
# Whose outline stays whole where two overlap.
STRENGTH = {
    Review.ADDED: 3,
    Review.EDITED: 2,
    Review.CONFIRMED: 1,
    Review.UNREVIEWED: 0,
    Review.REJECTED: -1,
}
SOME = (Review.CONFIRMED, Review.EDITED, Review.ADDED)
# Two outlines that share more of their joint area than this are of the same landslide.
THE_SAME = 0.5
# Share of it that may differ where only coordinates were rounded.
SAME_OUTLINE = 1e-3
NAMED = 5
DELETED, REJECTED_BY = 'deleted by the analyst', 'rejected by the analyst'


def settle(
    edited: EditedInventory, original: EditedInventory | None, summary: Mapping[str, Any]
) -> EditedInventory:
    """Give every landslide one number, one state and ground of its own.

    A number stays with the landslide that shares ground with the run's landslide of that number
    (of several the one that shares most of it); all others are numbered on from the largest number
    that was ever given. A landslide that was moved or cut is ``edited``, one that the run did not
    find ``added``. What was rejected or deleted goes to the rejected regions. Where two overlap,
    the analyst's outline stays whole.

    Args:
        edited: as read.
        original: what the run had written; None where it is lost, and with it what was deleted.
        summary: of the run.

    Returns:
        The same with columns ``id``, ``review`` and ``changed`` (its measures are no longer true)
        in the landslides, and with notes.

    Raises:
        VectorFormatError: if the same ground is landslide and rejected.
    """
    table, notes = edited.landslides, list(edited.notes)
    states = review_states(table, str(edited.path))
    shapes = table.geometry.to_numpy()
    some, none = np.isin(states, SOME), states == Review.REJECTED
    check_contradiction(edited.path, shapes[some], shapes[none])
    former = _former(original)
    ids, beside = own_numbers(table, former)
    crs = summary.get('scene', {}).get('crs') or table.crs
    moved = moved_outlines(table.to_crs(crs))
    new = np.isnan(ids)
    back = np.isin(ids, _numbers(original, rejected=True))
    again = np.isin(ids, _numbers(edited, rejected=True)) & (states == Review.UNREVIEWED)
    states[again & ~back] = Review.CONFIRMED
    judged_only = np.isin(states, (Review.UNREVIEWED, Review.CONFIRMED))
    states[judged_only & (moved | (new & beside))] = Review.EDITED
    states[judged_only & (back | (new & ~beside))] = Review.ADDED
    largest = _largest_number(ids, edited, original, summary)
    ids[new] = largest + 1 + np.arange(int(new.sum()))
    words = pd.array([str(state) for state in states], dtype='str')
    table = table.assign(
        id=ids.astype(np.int64),
        **{REVIEW: words},
        changed=moved | new | np.isnan(numbers_in(table, 'area_m2')),
    )
    gone = states == Review.REJECTED
    rejected = joined(edited.rejected, table, gone, REJECTED_BY)
    left, cut = _apart(table[~gone].reset_index(drop=True), edited.pixel)
    notes += cut
    if original is not None:
        rejected = _with_deleted(rejected, left, original.landslides)
    rejected, taken_back = without_taken_back(rejected, left)
    if taken_back:
        notes.append(f'{counted(taken_back, "rejected region")} taken back as landslides')
    return replace(edited, landslides=left, rejected=rejected, notes=tuple(notes))


def _former(original: EditedInventory | None) -> gpd.GeoDataFrame | None:
    """Return all outlines to which the run gave a number, with ``id``."""
    if original is None:
        return None
    tables = [original.landslides, original.rejected]
    told = [table for table in tables if table is not None and len(table) and 'id' in table]
    return pd.concat([table[['id', 'geometry']] for table in told]) if told else None


def _numbers(inventory: EditedInventory | None, *, rejected: bool) -> np.ndarray:
    table = None if inventory is None else inventory.rejected if rejected else inventory.landslides
    return np.zeros(0) if table is None else numbers_in(table, 'id')


def own_numbers(
    table: gpd.GeoDataFrame, former: gpd.GeoDataFrame | None
) -> tuple[np.ndarray, np.ndarray]:
    """Leave a number to one landslide only, that which is still the same.

    Args:
        table: landslides, perhaps with ``id``.
        former: outlines to which numbers were given, with ``id``; None for none.

    Returns:
        Numbers, NaN where a new one is wanted; and whether a landslide shares ground with the
        one of the run that had its number. Both of shape (rows,).
    """
    ids = numbers_in(table, 'id').copy()
    ids[~(np.isfinite(ids) & (ids >= 1) & (ids == np.round(ids)))] = np.nan
    shapes = table.geometry.to_numpy()
    shared = shapely.area(shapes)
    beside = np.zeros(len(ids), dtype=bool)
    if former is not None:
        ids = _by_outline(ids, shapes, former)
        outlines = former.drop_duplicates('id').set_index('id').geometry
        told = np.isin(ids, outlines.index.to_numpy(dtype=float))
        there = outlines.reindex(ids[told]).to_numpy()
        shared[told] = shapely.area(shapely.intersection(shapes[told], there))
        beside[told] = shared[told] > 0
        ids[told & ~beside] = np.nan
    order = np.argsort(-shared, kind='stable')
    again = pd.Series(ids[order]).duplicated().to_numpy() & ~np.isnan(ids[order])
    ids[order[again]] = np.nan
    return ids, beside


def _by_outline(ids: np.ndarray, shapes: np.ndarray, former: gpd.GeoDataFrame) -> np.ndarray:
    """Give back the number that somebody's program has lost, where the outline is the same."""
    lost = np.flatnonzero(np.isnan(ids))
    outlines = former.geometry.to_numpy()
    one, other = shapely.STRtree(outlines).query(shapes[lost], 'intersects')
    one = lost[one]
    shared = shapely.area(shapely.intersection(shapes[one], outlines[other]))
    joint = shapely.area(shapes[one]) + shapely.area(outlines[other]) - shared
    same = shared > (1 - SAME_OUTLINE) * joint
    ids[one[same]] = former['id'].to_numpy(dtype=float)[other[same]]
    return ids


def _largest_number(
    ids: np.ndarray,
    edited: EditedInventory,
    original: EditedInventory | None,
    summary: Mapping[str, Any],
) -> int:
    totals = run_totals(summary)
    told = (totals.get('landslides') or 0) + (totals.get('rejected') or 0)
    given = [ids, _numbers(edited, rejected=True), _numbers(original, rejected=True)]
    numbers = np.concatenate([[told, (summary.get('review') or {}).get('last_number', 0)], *given])
    return int(np.nanmax(numbers))


def joined(
    rejected: gpd.GeoDataFrame | None, table: gpd.GeoDataFrame, rows: np.ndarray, reason: str
) -> gpd.GeoDataFrame | None:
    """Add landslides to the rejected regions; the analyst's comment is the reason, if any.

    Args:
        rejected: regions so far; None for none.
        table: landslides, with ``id``.
        rows: those that go, bool, shape (landslides,).
        reason: in words.
    """
    if not rows.any():
        return rejected
    lost = table[rows].drop(columns=['changed'], errors='ignore')
    comments = plain_texts(lost, COMMENT)
    told = [reason if comment is None else f'{reason}: {comment}' for comment in comments]
    reasons = pd.array(told, dtype='str')
    lost = lost.assign(hook='review', reason=reasons, **{REVIEW: str(Review.REJECTED)})
    if rejected is None or not len(rejected):
        return lost.reset_index(drop=True)
    earlier = rejected[~numbers_within(rejected, lost['id'])]
    return pd.concat([earlier, lost], ignore_index=True)


def numbers_within(table: pd.DataFrame, numbers: pd.Series) -> np.ndarray:
    """Tell which rows of a table have one of the numbers, shape (rows,)."""
    return np.isin(numbers_in(table, 'id'), numbers.to_numpy(dtype=float))


def _with_deleted(
    rejected: gpd.GeoDataFrame | None, left: gpd.GeoDataFrame, run: gpd.GeoDataFrame
) -> gpd.GeoDataFrame | None:
    """Add what the run found and nobody sees any more; what is part of another was merged."""
    numbers = (
        [left['id']] if rejected is None or 'id' not in rejected else [left['id'], rejected['id']]
    )
    missing = ~numbers_within(run, pd.concat(numbers))
    shapes = run.geometry.to_numpy()
    tree = shapely.STRtree(left.geometry.to_numpy())
    gone, over = tree.query(shapes[missing], 'intersects')
    shared = np.zeros(int(missing.sum()))
    parts = shapely.intersection(shapes[missing][gone], left.geometry.to_numpy()[over])
    np.add.at(shared, gone, shapely.area(parts))
    missing[np.flatnonzero(missing)] = shared < shapely.area(shapes[missing]) / 2
    return joined(rejected, run, missing, DELETED)


def without_taken_back(
    rejected: gpd.GeoDataFrame | None, left: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame | None, int]:
    """Drop rejected regions that are landslides now: by their number, or covered by one drawn.

    Args:
        rejected: the regions; None for none.
        left: landslides, with ``id``, ``review`` and ``changed``.

    Returns:
        What is left of them, and how many went.
    """
    if rejected is None:
        return None, 0
    drawn = left[left['changed'] | (left[REVIEW] == Review.ADDED)]
    points = shapely.point_on_surface(rejected.geometry.to_numpy())
    hits, _ = shapely.STRtree(drawn.geometry.to_numpy()).query(points, 'within')
    back = numbers_within(rejected, left['id'])
    back[hits] = True
    return rejected[~back].reset_index(drop=True), int(back.sum())


def _apart(table: gpd.GeoDataFrame, pixel: float) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Cut what two landslides share from the one that the analyst's hand has touched less."""
    shapes = table.geometry.to_numpy().copy()
    first, second = shapely.STRtree(shapes).query(shapes, 'intersects')
    pairs = np.column_stack([first, second])[first < second]
    least = LEAST_OVERLAP_PX * pixel
    overlaps = shapely.area(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]))
    pairs = pairs[overlaps > least]
    if not len(pairs):
        return table, []
    strength = np.array([STRENGTH[Review(state)] for state in table[REVIEW]])
    size = shapely.area(shapes)
    changed = table['changed'].to_numpy().copy()
    for one, other in pairs:
        weak, strong = sorted((one, other), key=lambda row: (strength[row], size[row]))
        shapes[weak] = shapely.difference(shapes[weak], shapes[strong])
        changed[weak] = True
    shapes = areas(shapes)
    numbers = sorted({int(number) for number in table['id'].to_numpy()[np.unique(pairs)]})
    shown = ', '.join(map(str, numbers[:NAMED])) + (' and others' if len(numbers) > NAMED else '')
    note = (
        f'{counted(len(pairs), "overlap")} {agreeing(len(pairs), "was", "were")} cut from the '
        f'landslide that was edited less, or is smaller: see landslides {shown}'
    )
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    kept = shapely.area(shapes) > 0
    return table.assign(changed=changed)[kept].reset_index(drop=True), [note]


def check_contradiction(inventory: Path, landslides: np.ndarray, rejected: np.ndarray) -> None:
    """Refuse ground that is confirmed and rejected.

    Args:
        inventory: the file, for the message.
        landslides: outlines of those that an analyst took for some.
        rejected: outlines of what was rejected.

    Raises:
        VectorFormatError: if two outlines of both kinds are hardly different.
    """
    if not (len(landslides) and len(rejected)):
        return
    first, second = shapely.STRtree(rejected).query(landslides, 'intersects')
    one, other = landslides[first], rejected[second]
    shared = shapely.area(shapely.intersection(one, other))
    joint = shapely.area(one) + shapely.area(other) - shared
    double = np.flatnonzero(shared > THE_SAME * joint)
    if len(double):
        point = shapely.point_on_surface(one[double[0]])
        raise VectorFormatError(
            f'{inventory} calls the same ground landslide and rejected, {len(double)} times, first '
            f'at {point.x:.8g} {point.y:.8g}; decide on one of the two states in QGIS'
        )
