"""An audit of a finished run, from the draw to the findings."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio

from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.run.audit import draw_audit, estimate_audit

TRUE_M2 = (1600 + 300) * 100


def points_of(folder):
    return gpd.read_file(folder / 'audit.gpkg', layer='audit')


def test_a_sample_is_written_with_what_each_point_stands_for(run_folder):
    sample = draw_audit(run_folder, 120)
    assert sample.path == run_folder / 'audit.gpkg'
    points = points_of(run_folder)
    assert len(points) == 120
    assert points['verdict'].isna().all()
    assert points.crs.to_epsg() == 32654
    for row in sample.strata:
        part = points[points['stratum'] == row['stratum']]
        assert len(part) == row['points']
        assert set(part['stratum_pixels']) == {row['pixels']}
    with rasterio.open(run_folder / 'mask.tif') as mask:
        places = [mask.index(point.x, point.y) for point in points.geometry]
    assert places == list(zip(points['row'], points['col'], strict=True))


def test_the_file_brings_its_form(run_folder):
    draw_audit(run_folder, 60)
    (style,) = pyogrio.read_dataframe(run_folder / 'audit.gpkg', layer='layer_styles')['styleQML']
    for word in ('ValueMap', 'cannot tell', 'sortExpression="&quot;visit_order&quot;"'):
        assert word in style
    # Who knows what was mapped judges less freely.
    assert '<field configurationFlags="None" name="stratum">' in style.replace(
        'name="stratum" configurationFlags="None"', 'configurationFlags="None" name="stratum"'
    )


def test_an_audit_tells_the_truth_within_its_limits(run_folder, judge):
    draw_audit(run_folder, 200)
    judge()
    found = estimate_audit(run_folder).findings
    area = found['landslide_area_m2']
    assert area['low'] <= TRUE_M2 <= area['high']
    users = found['users_accuracy']
    assert users['low'] <= 0.8 <= users['high']
    assert found['producers_accuracy']['low'] <= 1600 / 1900 <= found['producers_accuracy']['high']
    assert found['mapped_area_m2'] == pytest.approx(200_000)
    assert sum(map(sum, (row.values() for row in found['error_matrix'].values()))) == (
        pytest.approx(1)
    )
    assert found['decided'] == 200
    told = json.loads((run_folder / 'summary.json').read_text())
    assert told['audit'] == found
    assert told['totals'] == {'landslides': 2}


def test_the_reliability_weighs_points_by_their_ground(run_folder, judge):
    draw_audit(run_folder, 200)
    judge()
    low, high = estimate_audit(run_folder).findings['reliability']['bins']
    assert (low['mean_probability'], high['mean_probability']) == pytest.approx((0.05, 0.8))
    assert low['points'] + high['points'] == 200
    assert low['share'] < 0.03
    assert high['share'] == pytest.approx(0.8, abs=0.2)


def test_what_nobody_can_tell_is_left_out_and_said(run_folder, judge, edit):
    draw_audit(run_folder, 200)
    judge()
    edit(
        lambda points: points.assign(
            verdict=np.where(points['visit_order'] <= 10, 'Cannot  tell', points['verdict'])
        )
    )
    result = estimate_audit(run_folder)
    assert (result.findings['cannot_tell'], result.findings['decided']) == (10, 190)
    extremes = result.findings['area_if_unclear_m2']
    assert extremes['none'] < extremes['all']
    assert 'that nobody could tell left out' in ' '.join(result.notes)


def test_a_map_edited_since_is_judged_as_it_is_now(run_folder, judge):
    draw_audit(run_folder, 200)
    judge()
    with rasterio.open(run_folder / 'mask.tif', 'r+') as mask:
        pixels = mask.read(1)
        pixels[20:40, 100:120] = 0
        mask.write(pixels, 1)
    found = estimate_audit(run_folder).findings
    assert found['users_accuracy']['value'] == 1.0
    assert found['landslide_area_m2']['low'] <= TRUE_M2 <= found['landslide_area_m2']['high']


def test_points_may_come_back_in_another_crs_and_fewer(run_folder, judge, edit):
    draw_audit(run_folder, 200)
    judge()
    before = estimate_audit(run_folder).findings
    edit(lambda points: points.to_crs('EPSG:4326'))
    assert estimate_audit(run_folder).findings['users_accuracy'] == before['users_accuracy']
    edit(lambda points: points.iloc[5:])
    assert estimate_audit(run_folder).findings['decided'] == 195


def test_a_sample_with_verdicts_is_not_replaced_unasked(run_folder, judge):
    draw_audit(run_folder, 60)
    draw_audit(run_folder, 60, seed=1)
    judge()
    with pytest.raises(DfpenetError, match='holds verdicts of an earlier audit, which would be'):
        draw_audit(run_folder, 60)
    assert points_of(run_folder)['verdict'].notna().all()
    draw_audit(run_folder, 60, overwrite=True)
    assert points_of(run_folder)['verdict'].isna().all()


def moved(points, shift):
    shapes = points.geometry.to_list()
    shapes[3] = type(shapes[3])(shapes[3].x + shift, shapes[3].y)
    return points.set_geometry(gpd.GeoSeries(shapes, crs=points.crs))


BROKEN = {
    'off the scene': (lambda p: moved(p, 1e5), 'point 4 of .* was moved off the scene'),
    'moved': (lambda p: moved(p, 50), 'point 4 of .* was moved to another pixel; put it back'),
    'another place': (
        lambda p: p.set_geometry(p.geometry.translate(5000)),
        '60 points of .* do not lie where they were drawn on this map',
    ),
    'a word': (
        lambda p: p.assign(verdict='maybe'),
        "point 1 of .* has the verdict 'maybe'; wanted is one of landslide, not landslide",
    ),
    'no verdict': (lambda p: p.assign(verdict=None), 'no point has a verdict yet'),
    'few verdicts': (
        lambda p: p.assign(verdict=p['verdict'].where(p['visit_order'] < 12)),
        'a verdict that counts, wanted are at least 10; look at more of its points',
    ),
    'twice': (
        lambda p: pd.concat([p, p.iloc[[6]]], ignore_index=True),
        'point 7 of .* is there twice',
    ),
    'no column': (lambda p: p.drop(columns='row'), 'lacks the column row'),
    'a stratum': (lambda p: p.assign(stratum='here'), "is of the stratum 'here'; wanted is one of"),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_broken_is_said_in_a_sentence_and_changes_nothing(case, run_folder, judge, edit):
    how, sentence = BROKEN[case]
    draw_audit(run_folder, 60)
    judge()
    edit(how)
    with pytest.raises(DfpenetError, match=sentence) as caught:
        estimate_audit(run_folder)
    assert '\n' not in str(caught.value)
    assert 'audit' not in json.loads((run_folder / 'summary.json').read_text())


def test_an_added_point_was_not_drawn_at_random(run_folder, judge, edit):
    draw_audit(run_folder, 60)
    judge()
    edit(lambda p: pd.concat([p, p.iloc[[0]][['verdict', 'geometry']]], ignore_index=True))
    assert estimate_audit(run_folder).findings['points'] == 60


def test_a_folder_that_is_no_run_is_refused(tmp_path, run_folder):
    with pytest.raises(DfpenetError, match='is no folder; give that of a finished run'):
        draw_audit(tmp_path / 'nowhere')
    with pytest.raises(DfpenetError, match=r'holds no summary\.json, so it is no folder of'):
        estimate_audit(tmp_path)
    with pytest.raises(DfpenetError, match=r'audit\.gpkg is missing; draw the sample anew'):
        estimate_audit(run_folder)


def test_landslides_are_counted_by_the_verdicts_on_them(run_folder, judge):
    draw_audit(run_folder, 60)
    judge()
    found = estimate_audit(run_folder).findings['landslides']
    assert (found['mapped'], found['landslides']) == (2, None)
    rng = np.random.default_rng(0)
    table = gpd.read_file(run_folder / 'landslides.gpkg').sample(100, replace=True, random_state=0)
    probability = rng.uniform(0.5, 1, 100)
    review = np.where(rng.random(100) < probability, 'confirmed', 'rejected').astype(object)
    review[40:] = 'unreviewed'
    table = table.assign(review=review, mean_probability=probability)
    table.to_file(run_folder / 'landslides.gpkg', layer='landslides')
    found = estimate_audit(run_folder).findings['landslides']
    assert found['mapped'] == 100
    assert found['confirmed'] + found['rejected'] == 40
    count = found['landslides']
    assert found['confirmed'] < count['low'] < count['value'] < count['high'] < 100
