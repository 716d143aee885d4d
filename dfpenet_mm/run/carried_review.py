"""Findings of an analyst on an earlier map, laid over a new map of the same ground."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dfpenet_mm.polygons import areas
from dfpenet_mm.report.shown_inventory import numbers_in
from dfpenet_mm.review import review_states
from dfpenet_mm.run.edited_inventory import EditedInventory
from dfpenet_mm.run.settled_inventory import (
    REJECTED_BY,
    joined,
    numbers_within,
    own_numbers,
    without_taken_back,
)
from dfpenet_mm.vocabulary import COMMENT, REVIEW, REVIEWED_AT, REVIEWER, Review
from dfpenet_mm.wording import counted

# Around a landslide that was judged by itself, its outline was looked at: pixels of background.
MARGIN_PX = 3
# Of a pixel's side: what rounding of coordinates may part.
ROUNDING_PX = 1e-3
TOLD = (REVIEW, REVIEWER, REVIEWED_AT, COMMENT)
NOT_SEEN = 'no landslide by the review of an earlier map'


def carry_review(new: EditedInventory, kept: EditedInventory) -> EditedInventory:
    """Let an analyst's findings stand on a new map; elsewhere it is as it was.

    Landslides that were confirmed, edited or added keep outline, state, reviewer and day. What was
    left standing in a reviewed area stays inside of it; outside, where nobody has looked at
    everything, the new map holds, and a landslide on both sides of the border is one. Nothing
    else is landslide in a reviewed area, where a region was rejected, and within three pixels of
    a landslide that was judged by itself.

    Args:
        new: as a run wrote it, settled.
        kept: as of ``read_review``, in the same CRS.

    Returns:
        The new one with those findings, numbered on from its own.
    """
    ground = _Ground.of(new, kept)
    whole, parts = _apart(new.landslides, ground, new.pixel)
    standing, joined_to = _joined_at_border(ground.standing, parts, new.pixel)
    smallest = shapely.area(new.landslides.geometry.to_numpy()).min(initial=np.inf)
    large = shapely.area(parts.geometry.to_numpy()) >= smallest * (1 - ROUNDING_PX)
    left = parts[large & ~joined_to]
    pieces = pd.concat([whole, left], ignore_index=True)
    rest = numbers_within(new.landslides, pd.concat([pieces['id'], parts['id'][joined_to]]))
    gone = _unseen(new.landslides, ~rest, [*ground.judged.geometry, *standing.geometry])
    judged = ground.judged[[name for name in TOLD if name in ground.judged] + ['geometry']]
    carried = pd.concat([table for table in (judged, standing) if len(table)] or [judged])
    carried = carried.assign(id=_number_below(carried, new.landslides), changed=True)
    table = pd.concat([pieces, carried], ignore_index=True)
    table = gpd.GeoDataFrame(table, geometry='geometry', crs=new.landslides.crs)
    rejected, last = _rejected(new, kept, gone, carried)
    ids, _ = own_numbers(table, new.landslides)
    fresh = np.isnan(ids)
    ids[fresh] = last + 1 + np.arange(int(fresh.sum()))
    words = pd.array([str(state) for state in review_states(table)], dtype='str')
    table = table.assign(id=ids.astype(np.int64), **{REVIEW: words})
    table['changed'] = table['changed'].astype(bool)
    places = new.places
    near = shapely.intersects(places.geometry.to_numpy(), ground.area)
    return replace(
        new,
        landslides=table,
        rejected=rejected,
        area=kept.area,
        places=places[~near].reset_index(drop=True),
        notes=(*new.notes, _note(kept, carried)),
    )


@dataclass(frozen=True, eq=False)
class _Ground:
    """Ground on which the analyst has the last word.

    Args:
        area: reviewed areas.
        judged: landslides that were confirmed, edited or added.
        standing: parts of others inside of the reviewed areas.
        seen: all ground of which something is known.
    """

    area: shapely.Geometry
    judged: gpd.GeoDataFrame
    standing: gpd.GeoDataFrame
    seen: shapely.Geometry

    @classmethod
    def of(cls, new: EditedInventory, kept: EditedInventory) -> _Ground:
        table = kept.landslides
        unjudged = review_states(table) == Review.UNREVIEWED
        area = shapely.union_all(kept.area.geometry.to_numpy())
        judged = table[~unjudged].reset_index(drop=True)
        rejected = [] if kept.rejected is None else list(kept.rejected.geometry)
        alone = shapely.buffer([*judged.geometry, *rejected], MARGIN_PX * np.sqrt(new.pixel))
        inside = areas(shapely.intersection(table.geometry.to_numpy()[unjudged], area))
        known = shapely.union_all(judged.geometry.to_numpy())
        inside = areas(shapely.difference(inside, known))
        standing = gpd.GeoDataFrame(
            {REVIEW: str(Review.UNREVIEWED)}, index=range(len(inside)), geometry=inside,
            crs=table.crs,
        )  # fmt: skip
        solid = shapely.area(inside) > ROUNDING_PX * new.pixel
        return cls(
            area=area,
            judged=judged,
            standing=standing[solid].reset_index(drop=True),
            seen=shapely.union_all([area, *alone]),
        )


def _apart(
    table: gpd.GeoDataFrame, ground: _Ground, pixel: float
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Part the new map's landslides into those nobody has seen, and what reaches out of the rest.

    Returns:
        Whole ones, and parts of others on ground that nobody has seen, one polygon each.
    """
    shapes = table.geometry.to_numpy()
    shapely.prepare(ground.seen)
    touched = shapely.area(shapely.intersection(shapes, ground.seen)) > ROUNDING_PX * pixel
    outside = areas(shapely.difference(shapes[touched], ground.seen))
    parts, owners = shapely.get_parts(outside, return_index=True)
    pieces = table.iloc[np.flatnonzero(touched)[owners]].assign(changed=True)
    pieces = pieces.set_geometry(gpd.GeoSeries(parts, index=pieces.index, crs=table.crs))
    return table[~touched], pieces.reset_index(drop=True)


def _unseen(
    table: gpd.GeoDataFrame, rows: np.ndarray, landslides: list[shapely.Geometry]
) -> np.ndarray:
    """Tell which of some landslides of the new map are none by the analyst's findings."""
    gone, shapes = rows.copy(), table.geometry.to_numpy()
    on = shapely.intersection(shapes[gone], shapely.union_all(landslides))
    gone[gone] = shapely.area(on) < shapely.area(shapes[gone]) / 2
    return gone


def _joined_at_border(
    standing: gpd.GeoDataFrame, pieces: gpd.GeoDataFrame, pixel: float
) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Make one of what stands inside of a reviewed area and what goes on outside of it.

    Returns:
        What stands, with what was joined to it, and which pieces were, bool, shape (pieces,).
    """
    step = ROUNDING_PX * float(np.sqrt(pixel))
    inside, outside = standing.geometry.to_numpy(), pieces.geometry.to_numpy()
    if not (len(inside) and len(outside)):
        return standing, np.zeros(len(outside), dtype=bool)
    one, other = shapely.STRtree(outside).query(inside, 'dwithin', distance=step)
    # What meets in a corner only is two.
    meet = shapely.intersection(shapely.buffer(inside[one], step), outside[other])
    along = shapely.length(meet) > np.sqrt(pixel)
    one, other = one[along], other[along] + len(inside)
    count = len(inside) + len(outside)
    links = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    groups = connected_components(links, directed=False)[1]
    shapes = np.concatenate([inside, outside])
    members = pd.Series(range(count)).groupby(groups).agg(list)
    joined_here = [group for group in members if group[0] < len(inside)]
    whole = [
        shapes[group[0]] if len(group) == 1 else shapely.union_all(shapes[group], grid_size=step)
        for group in joined_here
    ]
    first = [group[0] for group in joined_here]
    table = standing.iloc[first].set_geometry(
        gpd.GeoSeries(areas(np.array(whole)), first, standing.crs)
    )
    taken = np.isin(np.arange(len(outside)) + len(inside), other)
    return table.reset_index(drop=True), taken


def _number_below(carried: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> np.ndarray:
    """Return the number of the new landslide that shares most ground with each; NaN for none."""
    shapes, others = carried.geometry.to_numpy(), new.geometry.to_numpy()
    one, other = shapely.STRtree(others).query(shapes, 'intersects')
    shared = shapely.area(shapely.intersection(shapes[one], others[other]))
    numbers = np.full(len(shapes), np.nan)
    for pair in np.argsort(shared, kind='stable'):
        if shared[pair] > 0:
            numbers[one[pair]] = numbers_in(new, 'id')[other[pair]]
    return numbers


def _rejected(
    new: EditedInventory, kept: EditedInventory, gone: np.ndarray, carried: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame | None, int]:
    """Return what is rejected now, and the largest number that anything has."""
    told = [numbers_in(new.landslides, 'id')]
    rejected = new.rejected
    if rejected is not None and len(rejected):
        told.append(numbers_in(rejected, 'id'))
        rejected, _ = without_taken_back(rejected, carried)
    last = int(np.nanmax(np.concatenate([[0], *told])))
    before = _earlier(kept, new.landslides[gone])
    if before is not None:
        fresh = before['id'].isna().to_numpy()
        before.loc[fresh, 'id'] = last + 1 + np.arange(int(fresh.sum()))
        before = before.astype({'id': np.int64})
        last += int(fresh.sum())
        gone = gone & ~numbers_within(new.landslides, before['id'])
    rejected = joined(rejected, new.landslides, gone, NOT_SEEN)
    tables = [table for table in (rejected, before) if table is not None and len(table)]
    return (pd.concat(tables, ignore_index=True) if tables else rejected), last


def _earlier(kept: EditedInventory, gone: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Return the analyst's rejected regions, with the number of the landslide that each takes."""
    if kept.rejected is None or not len(kept.rejected):
        return None
    columns = [name for name in (*TOLD, 'reason') if name in kept.rejected]
    table = kept.rejected[[*columns, 'geometry']].reset_index(drop=True)
    reasons = table['reason'] if 'reason' in table else pd.Series(None, table.index, object)
    table = table.assign(
        id=_number_below(table, gone),
        hook='review',
        reason=pd.array(reasons.fillna(REJECTED_BY), dtype='str'),
        review=str(Review.REJECTED),
    )
    return table.assign(id=own_numbers(table, gone)[0])


def _note(kept: EditedInventory, carried: gpd.GeoDataFrame) -> str:
    rejected = 0 if kept.rejected is None else len(kept.rejected)
    return (
        f'{counted(len(carried), "landslide")}, {counted(rejected, "rejected region")} and '
        f'{counted(len(kept.area), "reviewed area")} are those of the review of '
        f'{kept.path.parent.name}/{kept.path.name}'
    )
