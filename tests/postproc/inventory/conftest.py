"""An inventory on a UTM scene: a landslide with a hole, one of two parts, one with nulls."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, REJECTED
from postproc.inventory.fields import HEADSCARP_FIELDS, LANDSLIDE_FIELDS, names
from postproc.inventory.layer import Layer

X, Y = 499_995.0, 4_700_000.0


def polygons():
    holed = shapely.box(X, Y, X + 50, Y + 50).difference(
        shapely.box(X + 10, Y + 10, X + 30, Y + 20)
    )
    corner = shapely.union(
        shapely.box(X + 100, Y, X + 110, Y + 10), shapely.box(X + 110, Y + 10, X + 120, Y + 20)
    )
    return [holed, corner, shapely.box(X + 200, Y - 1 / 3, X + 210, Y + 10)]


@pytest.fixture
def layers():
    table = gpd.GeoDataFrame({'id': [1, 2, 3]}, geometry=polygons(), crs='EPSG:32654')
    rng = np.random.default_rng(3)
    for field in LANDSLIDE_FIELDS[1:]:
        table[field.name] = rng.random(3) * 10_000
    table['touches_edge'] = [True, False, False]
    table.loc[1, 'pre_share'] = np.nan
    table['slope_median'] = [10.5, np.nan, 0.1 + 0.2]
    table['slope_median_of_the_rim'] = ['flat', None, 'größer 30°']
    table = table[[*names(LANDSLIDE_FIELDS), *table.columns[-2:], 'geometry']]
    rejected = table.iloc[:1].assign(id=4, hook='GeologicFilter', reason='too "small" & <thin>')
    rejected = rejected[[*(name for name in rejected if name != 'geometry'), 'geometry']]
    values = [[1, 'headscarp', 801.5], [1, 'toe', 640.25]]
    points = gpd.GeoDataFrame(
        dict(zip(names(HEADSCARP_FIELDS), zip(*values, strict=True), strict=True)),
        geometry=shapely.points([[X, Y], [X + 50, Y + 50]]),
        crs='EPSG:32654',
    )
    return [
        Layer(LANDSLIDES, 'landslides', table),
        Layer(REJECTED, 'rejected', rejected),
        Layer(HEADSCARPS, 'headscarps', points),
    ]


@pytest.fixture(autouse=True)
def quick_geopackages(monkeypatch):
    """Do not wait for the disk after every table."""
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')
