"""The columns of a table of landslides: what they are called, and packed for the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dfpenet_mm.report.figures.palette import area_text
from dfpenet_mm.report.page.packing import pack
from dfpenet_mm.review import plain_texts, review_states
from dfpenet_mm.vocabulary import COMMENT, REVIEW, REVIEW_ORDER, REVIEWED_AT, REVIEWER, Review
from dfpenet_mm.wording import decimal as plain_decimal

# Field -> what people call it, decimals shown, and what it means.
TITLES = {
    'id': ('No.', 0, 'number of the landslide'),
    'area_m2': ('Area, m²', 0, 'area in plan view, without holes'),
    'mean_probability': ('Probability, mean', 2, 'how sure the network is, on average'),
    'p10_probability': ('Probability, p10', 2, 'low where a part of the landslide is doubtful'),
    'touches_edge': ('Touches edge', 0, 'the outline is cut by the edge of what was mapped'),
    'verdict': (
        'In the reference',
        0,
        'TP: shares ground with a landslide of the reference; FP: none',
    ),
    'review': ('Review', 0, 'what an analyst found: confirmed, edited, added or not reviewed'),
    'reviewer': ('Reviewer', 0, 'who looked at it'),
    'reviewed_at': ('Reviewed at', 0, 'when, in UTC'),
    'comment': ('Comment', 0, 'remark of the reviewer'),
    'hook': ('Removed by', 0, 'the filter that removed it'),
    'reason': ('Reason', 0, 'why it was removed'),
    'length_m': ('Length, m', 0, 'long side of the smallest rectangle around it'),
    'width_m': ('Width, m', 0, 'short side of the smallest rectangle around it'),
    'perimeter_m': ('Perimeter, m', 0, 'length of the outer and inner outlines'),
    'lw_ratio': ('Length / width', 2, 'length divided by width'),
    'azimuth_deg': ('Azimuth, °', 0, 'direction of the long side, clockwise from north'),
    'compactness': ('Compactness', 2, '1 for a disc, less for long and ragged outlines'),
    'pre_coverage': (
        'Pre-event data',
        2,
        'share of it covered by the pre-event image; 0: could not be compared',
    ),
    'pre_share': (
        'Seen before event',
        2,
        'share of it that was recognised as landslide before the event',
    ),
    'pre_persistence': (
        'Pre-event persistence',
        2,
        'share of what was recognised there before the event and still is after it',
    ),
    'elev_min_m': ('Elevation from, m', 0, 'lowest elevation'),
    'elev_max_m': ('Elevation to, m', 0, 'highest elevation'),
    'relief_m': ('Relief, m', 0, 'difference between the highest and the lowest elevation'),
    'slope_mean_deg': ('Mean slope, °', 0, 'mean slope of the ground'),
    'slope_max_deg': ('Steepest slope, °', 0, 'steepest slope of the ground'),
    'aspect_deg': ('Aspect, °', 0, 'mean direction down the slope, clockwise from north'),
    'travel_angle_deg': ('Travel angle, °', 1, 'from headscarp to toe, down from the horizontal'),
    'dem_coverage': ('Elevation data', 2, 'share of it with elevation data'),
    'lon': ('Longitude, °', 5, 'of its centroid, WGS 84'),
    'lat': ('Latitude, °', 5, 'of its centroid, WGS 84'),
    'centroid_x': ('Centroid x', 1, 'in the coordinates of the scene'),
    'centroid_y': ('Centroid y', 1, 'in the coordinates of the scene'),
}
# What identifies a landslide stands before all others.
FIRST = ('id', 'area_m2')
OTHER_DECIMALS = 3
# A longitude needs more digits than a float32 has.
PRECISE = frozenset({'lon', 'lat', 'centroid_x', 'centroid_y'})
# Fields of yes and no. Where somebody left one empty, the file gives 1.0, 0.0 and NaN.
FLAGS = frozenset({'touches_edge'})
UNKNOWN_FLAG = 255


def ordered_names(table: pd.DataFrame, asked: Sequence[str] = ()) -> list[str]:
    """Return the columns to show.

    Args:
        table: with the columns.
        asked: columns that a reader is sent to: they come behind ``FIRST``.

    Returns:
        Known ones in the order of ``TITLES``, then others.
    """
    names = [name for name in table.columns if name != 'geometry']
    known = [name for name in dict.fromkeys([*FIRST, *asked, *TITLES]) if name in names]
    return [*known, *(name for name in names if name not in known)]


def named_in(texts: Sequence[str]) -> list[str]:
    """Return the fields that texts name, such as warnings that send a reader to them."""
    text = ' '.join(texts)
    return [name for name in TITLES if re.search(rf'\b{name}\b', text)]


def silent_columns(table: pd.DataFrame) -> list[str]:
    """Name the columns of a review that say nothing yet, and its order, which is for QGIS."""
    names = [name for name in (REVIEWER, REVIEWED_AT, COMMENT) if name in table]
    empty = [name for name in names if plain_texts(table, name).isna().all()]
    if REVIEW in table and (review_states(table) == Review.UNREVIEWED).all():
        empty.append(REVIEW)
    return [*empty, *([REVIEW_ORDER] if REVIEW_ORDER in table else [])]


def pack_columns(
    table: pd.DataFrame, *, asked: Sequence[str] = (), map_unit_decimals: int = 1
) -> list[dict[str, Any]]:
    """Pack the columns of a table.

    Args:
        table: one landslide a row; its geometry is left out.
        asked: as of ``ordered_names``.
        map_unit_decimals: decimals of coordinates in map units.

    Returns:
        For every column its ``name``, ``title``, ``meaning``, ``kind`` (number, flag or text),
        ``decimals`` and values, as plain JSON values. Texts are as in the file: whoever shows
        them escapes.
    """
    columns = []
    for name in ordered_names(table, asked):
        title, decimals, meaning = TITLES.get(name, (name, OTHER_DECIMALS, ''))
        if name in ('centroid_x', 'centroid_y'):
            decimals = map_unit_decimals
        column = {'name': name, 'title': title, 'meaning': meaning, 'decimals': decimals}
        columns.append(column | _pack_values(name, table[name]))
    return columns


def _pack_values(name: str, values: pd.Series) -> dict[str, Any]:
    numeric = pd.api.types.is_numeric_dtype(values)
    if pd.api.types.is_bool_dtype(values) or (name in FLAGS and numeric):
        flags = values.astype('boolean').astype('UInt8').fillna(UNKNOWN_FLAG)
        return {'kind': 'flag', 'values': pack(flags.to_numpy(np.uint8), 'uint8')}
    if numeric:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        if pd.api.types.is_integer_dtype(values) and _fits_int32(numbers):
            return {'kind': 'number', 'decimals': 0, 'values': pack(numbers, 'int32')}
        dtype = 'float64' if name in PRECISE else 'float32'
        return {'kind': 'number', 'values': pack(numbers, dtype)}
    texts = ['' if pd.isna(value) else str(value) for value in values]
    return {'kind': 'text', 'values': texts}


def _fits_int32(numbers: np.ndarray) -> bool:
    return bool(np.isfinite(numbers).all() and (np.abs(numbers) < 2**31).all())


UNKNOWN = '\N{EN DASH}'
# A reader of the page knows a field by its column's title.
FIELD = re.compile(rf'\b({"|".join(name for name in TITLES if "_" in name)})\b')


def count(value: float | None) -> str:
    """Write a whole number: ``12,345``."""
    return UNKNOWN if value is None else f'{value:,.0f}'


def decimal(value: float | None, decimals: int = 2) -> str:
    """Write a number with so many decimals, more if it would look like 0."""
    return UNKNOWN if value is None else plain_decimal(value, decimals)


def percent(value: float | None, decimals: int = 0) -> str:
    """Write a share: ``12 %``."""
    return UNKNOWN if value is None else f'{100 * value:.{decimals}f} %'


def area(m2: float | None) -> str:
    """Write an area in the unit people would use: m² below ten hectares, else km²."""
    return UNKNOWN if m2 is None else area_text(m2, decimals=3)


def file_size(number: float | None) -> str:
    """Write bytes: ``4.9 MB``."""
    if number is None:
        return UNKNOWN
    return f'{number / 1e6:,.1f} MB' if number >= 100_000 else f'{number / 1e3:,.1f} kB'


def sentence(text: str) -> str:
    """Give a message a capital and a full stop, its units their ² and its fields their titles."""
    if not text:
        return text
    text = re.sub(r'(?<=[0-9…] )(k?m)2\b', r'\1²', text)
    text = FIELD.sub(lambda field: f'“{TITLES[field[0]][0]}”', text)
    end = '' if text.endswith(('.', '!', '?')) else '.'
    return f'{text[0].upper()}{text[1:]}{end}'
