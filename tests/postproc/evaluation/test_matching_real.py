"""Real outlines against an overlay computed another way."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from dfpenet_mm.polygons import areas
from postproc.evaluation.matching import match_landslides

REAL = Path(__file__).parents[2] / 'data' / 'bhuyan_nepal_2015' / 'landslides.fgb'


@pytest.fixture(scope='module')
def inventories():
    reference = gpd.read_file(REAL)[['geometry']]
    moved = [translate(shape, 15, -10) for shape in reference.geometry[::2]]
    # One prediction over many of the reference, and one over none.
    moved += [shapely.box(*reference.total_bounds[:2], *reference.geometry[0].centroid.coords[0])]
    moved += [translate(reference.geometry[0], 50_000, 0)]
    return gpd.GeoDataFrame(geometry=moved, crs=reference.crs), reference


def test_pairs_and_shares_are_those_of_an_overlay(inventories):
    predicted, reference = inventories
    overlay = gpd.overlay(
        predicted.assign(one=range(len(predicted))),
        reference.assign(other=range(len(reference))),
        keep_geom_type=True,
    )
    overlay = overlay[overlay.area > 1e-3]

    matching = match_landslides(*(areas(table.geometry.to_numpy()) for table in inventories))

    pairs = set(zip(matching.predicted_rows, matching.reference_rows, strict=True))
    assert pairs == set(zip(overlay['one'], overlay['other'], strict=True))
    assert len(pairs) > len(predicted)
    for side, table, share in (
        ('one', predicted, matching.predicted_share),
        ('other', reference, matching.reference_share),
    ):
        area = overlay.dissolve(side).area.reindex(range(len(table)), fill_value=0)
        np.testing.assert_allclose(share, area / table.area, rtol=1e-6, atol=1e-9)
