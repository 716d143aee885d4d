"""Where a landslide begins and ends: its highest and lowest point as a layer of points."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from postproc.inventory.fields import HEADSCARP_FIELDS, names

KINDS = ('headscarp', 'toe')
HEADSCARP_COLUMNS = tuple(f'{kind}_{part}' for kind in KINDS for part in ('x', 'y', 'm'))


def headscarp_points(landslides: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lay headscarps and toes out as points, those of a landslide one after the other.

    Args:
        landslides: with the columns id and ``HEADSCARP_COLUMNS``: map units and metres, null
            without elevations.

    Returns:
        One row a point with the columns of ``HEADSCARP_FIELDS``, in the same CRS; a landslide
        without elevations has none.
    """
    tables = [_of_kind(landslides, kind) for kind in KINDS]
    table = pd.concat(tables).dropna(subset=['x', 'y'])
    table = table.sort_values('landslide_id', kind='stable').reset_index(drop=True)
    points = shapely.points(table[['x', 'y']].to_numpy(dtype=float))
    return gpd.GeoDataFrame(table[names(HEADSCARP_FIELDS)], geometry=points, crs=landslides.crs)


def _of_kind(landslides: gpd.GeoDataFrame, kind: str) -> pd.DataFrame:
    columns = {
        'landslide_id': landslides['id'].to_numpy(),
        'kind': np.full(len(landslides), kind),
        'elevation_m': landslides[f'{kind}_m'].to_numpy(dtype=float),
        'x': landslides[f'{kind}_x'].to_numpy(dtype=float),
        'y': landslides[f'{kind}_y'].to_numpy(dtype=float),
    }
    return pd.DataFrame(columns)
