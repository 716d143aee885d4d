import numpy as np
import pytest
from scipy import stats

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation.image_tally import COLUMNS, ImageTally
from dfpenet_mm.evaluation.set_scores import score_set

NONE = np.zeros(0, np.int64)


def tally(**counts):
    return ImageTally({**dict.fromkeys(COLUMNS, 0.0), **counts}, NONE, NONE, NONE)


def images(number=60):
    rng = np.random.default_rng(1)
    counts = rng.gamma(0.5, 200, (number, 4)).round()
    return [
        tally(
            tp=tp,
            fp=fp,
            fn=fn,
            tn=1000 + tn,
            fp_at_boundary=fp // 2,
            fn_at_boundary=fn // 3,
            false_regions=fp // 50,
            ground=0.5,
        )
        for tp, fp, fn, tn in counts
    ]


def test_scores_by_hand():
    found = score_set(
        [
            tally(
                tp=3,
                fp=1,
                tn=4,
                ground=0.1,
                false_regions=1,
                landslides_0=2,
                found_0=1,
                covered_0=1,
            ),
            tally(fn=2, fn_at_boundary=1, fp=2, fp_at_boundary=1, tn=8, ground=0.1, landslides_2=1),
        ],
        in_metres=True,
    )
    values = {name: score['value'] for name, score in found['scores'].items()}
    assert values['precision'] == pytest.approx(50)
    assert values['recall'] == pytest.approx(60)
    assert values['F1'] == pytest.approx(600 / 11)
    assert values['IoU'] == pytest.approx(37.5)
    assert values['IoU_one_pixel'] == pytest.approx(50)
    assert values['marked'] == pytest.approx(30)
    assert values['false_regions_per_km2'] == pytest.approx(5)
    assert values['landslides_found'] == pytest.approx(100 / 3)
    assert values['landslides_covered'] == pytest.approx(100 / 3)
    smallest, _, third, *_ = found['size_classes']
    assert (smallest['from'], smallest['to'], smallest['unit']) == (0, 100, 'm2')
    assert (smallest['landslides'], smallest['found'], smallest['recall']['value']) == (2, 1, 50)
    assert (third['landslides'], third['found'], third['recall']['value']) == (1, 0, 0)
    assert (smallest['covered']['value'], third['covered']['value']) == (50, 0)
    assert found['size_classes'][1]['recall']['value'] is None
    assert found['calibration'] is None


# Factors of TP, FP, FN and false regions above and below the line.
FORMULAS = {
    'precision': ((100, 0, 0, 0), (1, 1, 0, 0)),
    'recall': ((100, 0, 0, 0), (1, 0, 1, 0)),
    'F1': ((200, 0, 0, 0), (2, 1, 1, 0)),
    'IoU': ((100, 0, 0, 0), (1, 1, 1, 0)),
}


@pytest.mark.parametrize('name', FORMULAS)
def test_intervals_against_scipy(name):
    above, below = FORMULAS[name]
    set_of = images()
    keys = ('tp', 'fp', 'fn', 'false_regions')

    def statistic(*drawn, axis):
        sums = np.stack([part.sum(axis=axis) for part in drawn], axis=-1)
        return (sums @ above) / (sums @ below)

    theirs = stats.bootstrap(
        [[image.counts[key] for image in set_of] for key in keys],
        statistic,
        paired=True,
        vectorized=True,
        method='percentile',
        n_resamples=20_000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    ours = score_set(set_of, in_metres=False, resamples=20_000)['scores'][name]
    width = theirs.high - theirs.low
    assert abs(ours['low'] - theirs.low) < 0.03 * width
    assert abs(ours['high'] - theirs.high) < 0.03 * width
    assert ours['low'] < ours['value'] < ours['high']


def test_a_seed_repeats_and_another_does_not():
    first, again, other = (
        score_set(images(), in_metres=False, resamples=50, seed=seed)['scores']
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first['IoU']['value'] == other['IoU']['value']
    assert first['IoU']['low'] != other['IoU']['low']


def test_intervals_need_two_images_and_draws():
    (one,) = images(1)
    for found in (
        score_set([one], in_metres=False)['scores'],
        score_set([one, one], in_metres=False, resamples=0)['scores'],
    ):
        assert found['IoU']['value'] is not None
        assert found['IoU']['low'] is None


def test_equal_images_have_no_spread():
    found = score_set([images(1)[0]] * 3, in_metres=False)['scores']['F1']
    assert found['low'] == pytest.approx(found['value']) == found['high']


def test_what_was_never_seen_has_no_score():
    found = score_set([tally(tn=5, ground=1)] * 2, in_metres=False)['scores']
    assert found['precision'] == {'value': None, 'low': None, 'high': None}
    assert found['marked']['value'] == 0


def test_calibration_of_all_images_together():
    truth = np.array([[1, 1, 0, 0, 0]], np.uint8)
    sure = np.array([[0.9, 0.9, 0.9, 0.0, 0.0]])
    found = score_set(
        [ImageTally.of(truth, sure > 0.5, probability=sure) for _ in range(2)], in_metres=False
    )
    errors = found['calibration']
    # Of pixels with 0.9 two in three are landslides, of those with 0 none.
    assert errors['ECE_likely'] == pytest.approx(100 * (0.9 - 2 / 3), abs=0.01)
    assert errors['ECE'] == pytest.approx(60 * (0.9 - 2 / 3), abs=0.01)
    assert errors['Brier'] == pytest.approx(100 * (2 * 0.01 + 0.81) / 5, abs=0.01)


def test_an_empty_set_is_refused():
    with pytest.raises(ConfigError, match='give at least one image'):
        score_set([], in_metres=True)
