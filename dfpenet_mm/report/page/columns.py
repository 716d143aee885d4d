"""The columns of a table of landslides: what they are called, and packed for the page."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from dfpenet_mm.report.page.packed import pack

# Field -> what people call it, and decimals shown.
TITLES = {
    'id': ('No.', 0),
    'area_m2': ('Area, m²', 0),
    'mean_probability': ('Probability, mean', 2),
    'p10_probability': ('Probability, p10', 2),
    'touches_edge': ('Touches edge', 0),
    'verdict': ('In the reference', 0),
    'hook': ('Removed by', 0),
    'reason': ('Why', 0),
    'length_m': ('Length, m', 0),
    'width_m': ('Width, m', 0),
    'perimeter_m': ('Perimeter, m', 0),
    'lw_ratio': ('Length / width', 2),
    'azimuth_deg': ('Azimuth, °', 0),
    'compactness': ('Compactness', 2),
    'pre_coverage': ('Pre-event data', 2),
    'pre_share': ('Seen before event', 2),
    'pre_persistence': ('Pre-event persistence', 2),
    'elev_min_m': ('Elevation from, m', 0),
    'elev_max_m': ('Elevation to, m', 0),
    'relief_m': ('Relief, m', 0),
    'slope_mean_deg': ('Mean slope, °', 0),
    'slope_max_deg': ('Steepest slope, °', 0),
    'aspect_deg': ('Aspect, °', 0),
    'travel_angle_deg': ('Travel angle, °', 1),
    'dem_coverage': ('Elevation data', 2),
    'lon': ('Longitude, °', 5),
    'lat': ('Latitude, °', 5),
    'centroid_x': ('Centroid x', 1),
    'centroid_y': ('Centroid y', 1),
}
OTHER_DECIMALS = 3
# A longitude needs more digits than a float32 has.
PRECISE = frozenset({'lon', 'lat', 'centroid_x', 'centroid_y'})
# Fields of yes and no. Where somebody left one empty, the file gives 1.0, 0.0 and NaN.
FLAGS = frozenset({'touches_edge'})
UNKNOWN_FLAG = 255


def ordered_names(table: pd.DataFrame) -> list[Hashable]:
    """Return the columns to show: known ones in the order of ``TITLES``, then others."""
    names = [name for name in table.columns if name != 'geometry']
    known = [name for name in TITLES if name in names]
    return [*known, *(name for name in names if name not in known)]


def pack_columns(table: pd.DataFrame, *, map_unit_decimals: int = 1) -> list[dict[str, Any]]:
    """Pack the columns of a table.

    Args:
        table: one landslide a row; its geometry is left out.
        map_unit_decimals: decimals of coordinates in map units.

    Returns:
        For every column its ``name``, ``title``, ``kind`` (number, flag or text), ``decimals``
        and values, as plain JSON values. Texts are as in the file: whoever shows them escapes.
    """
    columns = []
    for name in ordered_names(table):
        title, decimals = TITLES.get(name, (str(name), OTHER_DECIMALS))
        if name in ('centroid_x', 'centroid_y'):
            decimals = map_unit_decimals
        column = {'name': str(name), 'title': title, 'decimals': decimals}
        columns.append(column | _pack_values(str(name), table[name]))
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
