import numpy as np
import pandas as pd
import pytest

from dfpenet_mm.report.page.key_numbers import (
    SceneFacts,
    confidence,
    count_true,
    evaluations,
    headline,
    largest,
    scene_facts,
)
from tests.report.page.generated_run import COLS, ROWS, grid_of, landslides

FACTS = SceneFacts(asked_km2=2.0, mapped_km2=1.5)


def test_headline_counts_and_measures():
    found = headline(landslides(), FACTS)
    areas = [100.0 * side**2 for side in range(4, 20)]
    assert found['landslides'] == 16
    assert found['area_km2'] == pytest.approx(sum(areas) / 1e6)
    assert found['share'] == pytest.approx(sum(areas) / 1.5e6)
    assert found['density'] == pytest.approx(16 / 1.5)
    assert (found['largest_m2'], found['largest_id']) == (36_100.0, 16)
    assert found['median_m2'] == (100 * 11**2 + 100 * 12**2) / 2
    assert found['touching_edge'] == 2


def test_nothing_found_has_no_largest():
    found = headline(landslides().iloc[:0], FACTS)
    assert (found['landslides'], found['largest_m2'], found['largest_id']) == (0, None, None)
    assert found['median_m2'] is None


def test_largest_come_first_with_their_rows():
    rows = largest(landslides(), 3)
    assert [(row['row'], row['id']) for row in rows] == [(15, 16), (14, 15), (13, 14)]
    assert rows[0]['length_m'] == 190


def test_what_is_unknown_is_none():
    table = pd.DataFrame({'id': [1], 'area_m2': [5.0], 'lon': [np.nan], 'touches_edge': [None]})
    (row,) = largest(table)
    assert (row['lon'], row['lat'], row['touches_edge']) == (None, None, None)
    assert count_true(table, 'elsewhere') is None


def test_confidence_by_share_and_bin():
    means = [0.55, 0.59, 0.6, 0.72, 0.8, 0.97, 1.0, np.nan]
    table = pd.DataFrame({'mean_probability': means, 'area_m2': 100.0})
    found = confidence(table, {})
    assert (found['sure_from'], found['doubtful_below'], found['expected']) == (0.8, 0.6, None)
    assert found['known'] == 7
    assert found['sure'] == pytest.approx(3 / 7)
    assert found['doubtful'] == pytest.approx(2 / 7)
    counts = {round(bin['low'], 2): bin['landslides'] for bin in found['bins']}
    assert sum(counts.values()) == 7
    assert (counts[0.5], counts[0.55], counts[0.8], counts[0.95]) == (0, 2, 1, 2)


def test_bins_begin_where_the_probabilities_do():
    found = confidence(pd.DataFrame({'mean_probability': [0.31, 0.9], 'area_m2': 1.0}), {})
    assert found['bins'][0]['low'] == pytest.approx(0.3)
    assert confidence(pd.DataFrame({'area_m2': [1.0]}), {}) is None
    assert confidence(pd.DataFrame({'mean_probability': [np.nan]}), {}) is None


def test_confidence_is_measured_by_the_threshold_and_summed_up_if_calibrated():
    means = [0.34, 0.44, 0.46, 0.76, np.nan]
    table = pd.DataFrame({'mean_probability': means, 'area_m2': [1.0, 1.0, 1.0, 3.0, 9.0]})
    probability = {'threshold': 0.33, 'calibration': None}
    found = confidence(table, {'probability': probability})
    assert (found['sure_from'], found['doubtful_below']) == (0.75, 0.45)
    assert (found['sure'], found['doubtful'], found['expected']) == (0.25, 0.5, None)
    found = confidence(table, {'probability': probability | {'calibration': {'slope': 1.0}}})
    assert found['expected'] == pytest.approx((0.34 + 0.44 + 0.46 + 3 * 0.76) / 6)


def test_scene_facts_tell_what_has_no_data():
    facts = scene_facts(grid_of(), {'recognition': {'post': {'valid_pixels': ROWS * COLS // 2}}})
    assert facts.asked_km2 == pytest.approx(ROWS * COLS * 100 / 1e6)
    assert facts.nodata_share == pytest.approx(0.5)
    assert scene_facts(grid_of(), {}).nodata_share == pytest.approx(0)


def hook(name, before=10, after=10):
    return {'hook': name, 'regions_in': before, 'regions_out': after}


def test_every_evaluator_is_named_by_the_filter_before_it():
    summary = {
        'hooks': [
            hook('ConsistencyEvaluator'),
            hook('GeologicFilter', 10, 8),
            hook('ConsistencyEvaluator'),
            hook('Vectoriser'),
            hook('TemporalDifference', 8, 7),
            hook('ConsistencyEvaluator'),
        ],
        'evaluation': {
            name: {'files': [f'{stem}.gpkg', f'{stem}.tif'], 'recall_by_size': []}
            for name, stem in (
                ('ConsistencyEvaluator', 'evaluation'),
                ('ConsistencyEvaluator_2', 'evaluation_2'),
                ('ConsistencyEvaluator_3', 'evaluation_3'),
            )
        },
    }
    assert [row['stage'] for row in evaluations(summary)] == [
        'recognition alone',
        'after the geologic filter',
        'after the comparison with the pre-event image',
    ]


def test_without_a_reference_there_is_nothing():
    assert evaluations({'evaluation': None}) == []
