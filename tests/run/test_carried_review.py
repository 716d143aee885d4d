"""The findings on an earlier map, on the map of another network."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import rasterio
import shapely

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.run import renewed_pictures
from dfpenet_mm.run.finish import finish_run, finish_with_review
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.read_review import read_review
from tests.run.reviewed_run import PLACE, SHAPE, drawn, edit, read, square, write, write_run

GRID = RasterGrid(rasterio.CRS.from_string('EPSG:32654'), PLACE, SHAPE)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A map that was reviewed, and another one of the same scene, which nobody has seen."""
    monkeypatch.setattr(renewed_pictures, 'write_pictures', lambda *_, **__: [])
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')
    return write_run(tmp_path / 'before'), write_run(tmp_path / 'after')


@pytest.fixture
def carry(runs):
    def run():
        review = read_review(runs[0] / 'landslides.gpkg', None, GRID)
        post = runs[1].parent / 'post.tif'
        progress = RunProgress()
        finish_with_review(runs[1], review, post=post, pre=None, pictures=False, progress=progress)
        return read(runs[1]).set_index('id')

    return run


def outlines(table):
    return {number: shape.normalize() for number, shape in table.geometry.items()}


def test_outlines_states_names_and_days_stay(runs, carry):
    before, after = runs
    table = read(before).set_index('id', drop=False)
    told = ['review', 'reviewer', 'reviewed_at', 'comment']
    table.loc[1, told] = 'confirmed', 'A. Ant', '2026-01-02T03:04:05Z', 'fresh'
    table.loc[2, 'review'] = 'rejected'
    # Moved by four pixels, and not called edited yet.
    table.loc[3, 'geometry'] = square(26, 14)
    mine = drawn(square(2, 60, 4, 4), review=['added'], reviewer=['B. Bee'])
    write(before, pd.concat([table, mine]))

    now = carry()

    assert now['review'].to_dict() == {
        1: 'confirmed', 3: 'edited', 4: 'unreviewed', 5: 'unreviewed', 6: 'added'
    }  # fmt: skip
    assert now.loc[1, told[1:]].tolist() == ['A. Ant', '2026-01-02T03:04:05Z', 'fresh']
    assert now.loc[6, 'reviewer'] == 'B. Bee'
    assert now.loc[3].geometry.equals(square(26, 14))
    assert now.loc[6, 'area_m2'] == 1600
    gone = read(after, 'rejected').set_index('id')
    assert gone['review'].to_dict() == {2: 'rejected'}
    assert gone.loc[2, 'reason'] == 'rejected by the analyst'
    summary = json.loads((after / 'summary.json').read_text())
    assert summary['results']['Review']['mark'] == 'reviewed in part: 3 of 5 landslides'
    assert summary['review']['notes'][0].startswith('3 landslides, 1 rejected region and')
    with rasterio.open(after / 'mask.tif') as mask:
        pixels = mask.read(1)
    assert (pixels[26:36, 14:24] == 1).all()
    assert (pixels[14:24, 40:50] == 0).all()
    assert len(gpd.read_file(after / 'original.gpkg', layer='landslides')) == 5


def test_in_a_reviewed_area_the_new_map_adds_nothing(runs, carry):
    before, after = runs
    # The earlier map had not the first, and one was drawn; the second reaches out of the area.
    for name in ('landslides.gpkg', 'original.gpkg'):
        table = gpd.read_file(before / name, layer='landslides')
        table[table['id'] != 1].to_file(before / name, layer='landslides')
    write(before, pd.concat([read(before), drawn(square(6, 24, 4, 4))]))
    write(before, drawn(square(0, 0, 24, 45), reviewer=['A. Ant']), 'reviewed_area')

    now = carry()

    assert now['review'].to_dict() == {
        2: 'unreviewed', 3: 'unreviewed', 4: 'unreviewed', 5: 'unreviewed', 6: 'added'
    }  # fmt: skip
    # In the area as the analyst left it, outside as the new map has it, and one landslide.
    assert now.loc[2, 'area_m2'] == 10_000
    assert now.loc[2].geometry.geom_type == 'MultiPolygon'
    assert len(now.loc[2].geometry.geoms) == 1
    reasons = read(after, 'rejected').set_index('id')['reason'].to_dict()
    assert reasons == {1: 'no landslide by the review of an earlier map'}
    area = read(after, 'reviewed_area')
    assert area['reviewer'].tolist() == ['A. Ant']
    assert not read(after, 'places_to_check').intersects(area.geometry[0]).any()


def test_what_is_seen_ends_with_the_area(runs, carry):
    before, _ = runs
    table = read(before)
    # Half of the second lies in the area, and the analyst has cut that half away.
    table.loc[table['id'] == 2, 'geometry'] = square(14, 45, cols=5)
    write(before, table)
    write(before, drawn(square(0, 0, 24, 45), reviewer=['A. Ant']), 'reviewed_area')

    now = carry()

    inside = square(0, 0, 24, 45)
    assert not shapely.intersects(shapely.buffer(inside, -1), now.loc[2].geometry)
    assert now.loc[2, 'area_m2'] == 5_000


def test_a_wider_outline_around_a_judged_landslide_leaves_no_ring(runs, carry):
    before, _ = runs
    table = read(before).set_index('id', drop=False)
    table.loc[1, 'geometry'] = square(4, 12, 6, 6)
    write(before, table)
    assert carry().loc[1, 'area_m2'] == 3_600
    assert len(carry()) == 5


def test_finishing_the_new_map_again_changes_nothing(runs, carry):
    edit(runs[0], n1='confirmed', n2='rejected')
    write(runs[0], drawn(square(0, 0, 24, 45), reviewer=['A. Ant']), 'reviewed_area')
    now = carry()
    files = {path: path.read_bytes() for path in runs[1].rglob('*') if path.is_file()}
    summary = runs[1] / 'summary.json'
    told = json.loads(summary.read_text())
    told['review']['inventory_sha256'] = ''
    summary.write_text(json.dumps(told))
    assert finish_run(runs[1]).changed
    assert {path: path.read_bytes() for path in runs[1].rglob('*') if path.is_file()} == files
    assert outlines(read(runs[1]).set_index('id')) == outlines(now)


def test_a_map_without_landslides_takes_the_findings(runs, carry):
    edit(runs[0], n1='confirmed')
    for name in ('landslides.gpkg', 'original.gpkg'):
        table = gpd.read_file(runs[1] / name, layer='landslides').iloc[:0]
        table.to_file(runs[1] / name, layer='landslides')
    assert carry()['review'].tolist() == ['confirmed']
