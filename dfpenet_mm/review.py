"""An analyst's review: the states of landslides, and in words how much of a map was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.errors import VectorFormatError
from dfpenet_mm.vocabulary import REVIEW, REVIEWED_AT, REVIEWER, Review
from dfpenet_mm.wording import counted

# In a legend, and as an analyst chooses them.
LABELS: Mapping[Review, str] = {
    Review.UNREVIEWED: 'not reviewed',
    Review.CONFIRMED: 'confirmed',
    Review.REJECTED: 'rejected: no landslide',
    Review.EDITED: 'outline edited',
    Review.ADDED: 'added by the analyst',
}
NOT_REVIEWED, IN_PART = 'not reviewed', 'reviewed in part'
MOST_NAMES = 3


def review_states(table: pd.DataFrame, what: str = 'the inventory') -> np.ndarray:
    """Read the states of landslides; an empty cell, or no such column, is unreviewed.

    Args:
        table: one landslide a row, perhaps with the columns ``review`` and ``id``.
        what: where it comes from, for a message.

    Returns:
        ``Review`` values, shape (rows,).

    Raises:
        VectorFormatError: for a word that is no state.
    """
    states = np.full(len(table), Review.UNREVIEWED, dtype=object)
    words = plain_texts(table, REVIEW)
    for row in np.flatnonzero(words.notna().to_numpy()):
        try:
            states[row] = Review(words.iloc[row].lower())
        except ValueError:
            number = f'landslide {table["id"].iloc[row]}' if 'id' in table else 'a landslide'
            raise VectorFormatError(
                f'{what}: {number} has the state {table[REVIEW].iloc[row]!r} in the column '
                f'{REVIEW}; wanted is one of {", ".join(Review)}'
            ) from None
    return states


def plain_texts(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as texts without blanks around them; None where a cell is empty.

    Args:
        table: of any kind; without such a column all cells are empty.
        name: of the column.
    """
    cells = table[name] if name in table else [None] * len(table)
    texts = ['' if pd.isna(cell) else str(cell).strip() for cell in cells]
    return pd.Series([text or None for text in texts], index=table.index, dtype=object)


def looked_at(table: gpd.GeoDataFrame, area: BaseGeometry | None) -> np.ndarray:
    """Tell which landslides an analyst has judged, or left standing on ground that was reviewed.

    Args:
        table: the landslides.
        area: reviewed ground in the same CRS; None for none.

    Returns:
        Boolean, shape (rows,).
    """
    judged = review_states(table) != Review.UNREVIEWED
    if area is None or not len(table):
        return judged
    # A landslide without an outline has no place.
    shapes = table.geometry.to_numpy()
    there = np.nan_to_num(shapely.area(shapes)) > 0
    shapely.prepare(area)
    judged[there] |= shapely.intersects(area, shapely.point_on_surface(shapes[there]))
    return judged


@dataclass(frozen=True)
class ReviewStatus:
    """The reviewed part of a map, its reviewers and their days.

    Args:
        landslides: in the inventory.
        reviewed: those that were looked at.
        rejected: regions that the analyst took away.
        ground: share of the mapped ground in reviewed areas, 0 to 1.
        reviewers: names, sorted.
        days: first and last day of the review, in words as ``1 December 2026``.
    """

    landslides: int
    reviewed: int
    rejected: int = 0
    ground: float = 0.0
    reviewers: tuple[str, ...] = ()
    days: tuple[str, ...] = ()

    @property
    def begun(self) -> bool:
        """True if anything was reviewed."""
        return bool(self.reviewed or self.rejected or self.ground > 0)

    @property
    def whole(self) -> bool:
        """True if every landslide was looked at."""
        return self.begun and self.reviewed == self.landslides

    @property
    def mark(self) -> str:
        """Words that stand on every picture and page; empty where every landslide was seen."""
        if not self.begun:
            return NOT_REVIEWED
        if self.whole:
            return ''
        return f'{IN_PART}: {self.reviewed:,} of {counted(self.landslides, "landslide")}'

    @property
    def sentence(self) -> str:
        """Reviewers, days and shares in one phrase."""
        if not self.begun:
            return NOT_REVIEWED
        parts = [f'{self.reviewed:,} of {counted(self.landslides, "landslide")}']
        if self.ground > 0:
            share = f'{100 * self.ground:.0f}' if self.ground >= 0.01 else 'less than 1'
            parts.append(f'{share} % of the mapped ground')
        by = f' by {_names(self.reviewers)}' if self.reviewers else ''
        when = f', {" to ".join(self.days)}' if self.days else ''
        return f'reviewed{by}{when}: {" and ".join(parts)}'


def review_status(
    landslides: gpd.GeoDataFrame,
    area: BaseGeometry | None = None,
    *,
    ground: float = 0.0,
    others: Sequence[pd.DataFrame | None] = (),
) -> ReviewStatus:
    """Gather the status of a review.

    Args:
        landslides: of the inventory.
        area: reviewed ground, in the same CRS; None for none.
        ground: its share of the mapped ground.
        others: further tables that name reviewers and times: reviewed areas, rejected regions.
    """
    seen = looked_at(landslides, area)
    rejected = sum(
        int((review_states(table) == Review.REJECTED).sum())
        for table in others
        if table is not None and REVIEW in table
    )
    told = [landslides[seen], *(table for table in others if table is not None)]
    return ReviewStatus(
        landslides=len(landslides),
        reviewed=int(seen.sum()),
        rejected=rejected,
        ground=ground,
        reviewers=tuple(sorted(set(_texts(told, REVIEWER)))),
        days=_days(_texts(told, REVIEWED_AT)),
    )


def _texts(tables: Sequence[pd.DataFrame], name: str) -> list[str]:
    return [text for table in tables for text in plain_texts(table, name).dropna()]


def _days(times: Sequence[str]) -> tuple[str, ...]:
    days = sorted({moment.date() for text in times if (moment := read_time(text)) is not None})
    ends = [] if not days else [days[0]] if days[0] == days[-1] else [days[0], days[-1]]
    return tuple(f'{day.day} {day:%B %Y}' for day in ends)


def read_time(text: str) -> datetime | None:
    """Read an ISO time, taken for UTC where it names no zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _names(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f'{", ".join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more'
    return ' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))
