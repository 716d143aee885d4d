import geopandas as gpd
import numpy as np
import pytest

from dfpenet_mm.report.figures.run_view import areas_m2, hook_words, run_stages
from tests.report.figures.small_run import SHAPE, TRANSFORM, UTM, record


def told(stages):
    return [(stage.name, stage.landslides, stage.area_m2, len(stage.removed)) for stage in stages]


def test_stages_are_the_network_and_every_hook_that_removed_something(make_run):
    assert told(run_stages(make_run())) == [
        ('network', 4, 41_600, 0),
        ('geologic filter', 3, 40_000, 1),
        ('comparison with the pre-event image', 2, 30_000, 1),
    ]


def test_rejected_regions_come_in_any_order(make_run):
    run = make_run()
    turned = run.rejected.iloc[::-1].reset_index(drop=True)
    object.__setattr__(run, 'rejected', turned)
    stages = run_stages(run)
    np.testing.assert_array_equal(stages[1].removed[0].bounds, (40, 30, 44, 34))
    np.testing.assert_array_equal(stages[2].removed[0].bounds, (5, 40, 15, 50))


def test_a_hook_may_sign_with_another_name(make_run):
    run = make_run()
    run.rejected['hook'] = ['by slope', 'TemporalDifference']
    assert told(run_stages(run))[1] == ('geologic filter', 3, 40_000, 1)


def test_what_no_hook_owns_up_to_is_shown_all_the_same(make_run):
    run = make_run()
    run.rejected['hook'] = ['by slope', 'by slope']
    run.summary['hooks'][:] = [record('Vectoriser', (2, 30_000), (2, 30_000))]
    assert told(run_stages(run)) == [
        ('network', 2, 30_000, 0),
        ('by slope', 2, 30_000, 2),
    ]


def test_a_hook_that_only_cuts_pixels_off_is_a_stage(make_run):
    run = make_run()
    run.summary['hooks'].insert(2, record('PixelCutter', (2, 30_000), (2, 25_000)))
    run.summary['hooks'].insert(3, record('OutlineTidier', (2, 25_000), (2, 24_990)))
    assert [stage.name for stage in run_stages(run)][3:] == ['pixel cutter']


def test_scores_stand_at_the_stage_that_the_evaluator_saw(make_run):
    run = make_run(reference=True)
    hooks, results = run.summary['hooks'], run.summary['results']
    assert [stage.scores is not None for stage in run_stages(run)] == [False, False, True]
    # A second evaluator before all filters; results are numbered in the hooks' order.
    hooks.insert(0, record('ConsistencyEvaluator', (4, 41_600), (4, 41_600)))
    last = results['ConsistencyEvaluator']
    results['ConsistencyEvaluator'] = {**last, 'pixels': {'precision': 0.1}}
    results['ConsistencyEvaluator_2'] = last
    scores = [stage.scores for stage in run_stages(run)]
    assert scores == [{'precision': 0.1}, None, last['pixels']]


def test_a_run_that_recognised_nothing_has_one_stage(make_run):
    assert told(run_stages(make_run(regions=False))) == [('network', 0, 0, 0)]


@pytest.mark.parametrize(
    ('hook', 'words'),
    [
        ('GeologicFilter', 'geologic filter'),
        ('TemporalDifference', 'comparison with the pre-event image'),
        ('MySlopeRule', 'my slope rule'),
        ('by hand', 'by hand'),
        ('DEM', 'DEM'),
    ],
)
def test_hooks_are_called_by_words(hook, words):
    assert hook_words(hook) == words


def test_areas_that_were_not_measured_come_from_the_pixels(make_run):
    run = make_run()
    shapes = gpd.GeoDataFrame(geometry=run.landslides.geometry, crs=UTM)
    assert areas_m2(shapes, run.grid) == pytest.approx([20_000, 10_000], rel=1e-6)
    assert run.grid.shape == SHAPE
    assert run.grid.transform == TRANSFORM
