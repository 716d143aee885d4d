"""The chance of a landslide, learnt from those that were judged."""

import numpy as np
import pandas as pd
import pytest

from dfpenet_mm.audit.chance import count_too_small, fit_chance, landslide_chance, with_chance
from dfpenet_mm.audit.findings import count_findings


def inventory(rows, judged, seed=0):
    """Landslides whose probability is far too sure: of those with 0.9 half are none."""
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.5, 0.99, rows)
    truth = rng.random(rows) < (probability - 0.5) / 0.5
    review = np.where(truth, 'confirmed', 'rejected').astype(object)
    review[judged:] = 'unreviewed'
    table = pd.DataFrame(
        {
            'review': review,
            'mean_probability': probability,
            'p10_probability': probability - 0.1,
            'area_m2': rng.lognormal(7, 1, rows),
        },
        index=np.arange(rows) + 100,
    )
    return table, truth


def calibration_error(chance, truth):
    place = np.minimum((chance * 10).astype(int), 9)
    parts = [place == number for number in range(10)]
    return sum(
        part.sum() * abs(chance[part].mean() - truth[part].mean()) for part in parts if part.any()
    ) / len(chance)


def test_the_chance_is_nearer_to_the_truth_than_the_probability():
    table, truth = inventory(2000, 200)
    chance = landslide_chance(table)
    rest = chance.notna().to_numpy()
    assert 1700 < rest.sum() < 1800
    raw = calibration_error(table['mean_probability'].to_numpy()[rest], truth[rest])
    assert calibration_error(chance.to_numpy()[rest], truth[rest]) < raw / 3


def test_only_landslides_that_nobody_judged_have_a_chance():
    table, _ = inventory(100, 40)
    table.loc[table.index[-5:], 'review'] = ['added', 'edited', None, '', 'Unreviewed ']
    chance = landslide_chance(table)
    assert chance.index.equals(table.index)
    assert chance.iloc[:40].isna().all()
    assert chance.iloc[-5:].notna().tolist() == [False, False, True, True, True]
    assert chance.dropna().between(0, 1).all()


def test_landslides_smaller_than_nearly_all_judged_ones_have_none():
    table, _ = inventory(1000, 300)
    by_size = table.sort_values('area_m2', ascending=False).assign(
        review=table['review'].to_numpy()
    )
    nobody = np.zeros(len(table), dtype=bool)
    largest = by_size['area_m2'].iloc[:300]
    # One small one that was judged by chance tells of no others.
    by_size.loc[by_size.index[-1], 'review'] = 'confirmed'
    chance = landslide_chance(by_size)
    assert (by_size['area_m2'][chance.notna()] >= largest.min()).all()
    assert count_too_small(by_size, None, nobody) == 699
    assert count_findings(by_size, None)['why'].startswith('699 of 699 landslides')
    # Judged at random, nearly all have one.
    assert 0 < count_too_small(table, None, nobody) < 70
    assert count_findings(table, None)['landslides']['value'] > 0


def test_it_never_falls_with_the_probability_even_if_the_verdicts_do():
    table, _ = inventory(300, 100)
    swap = {'confirmed': 'rejected', 'rejected': 'confirmed', 'unreviewed': 'unreviewed'}
    table = table.assign(review=table['review'].map(swap))
    ordered = landslide_chance(table.assign(area_m2=1000.0)).dropna()
    by_probability = ordered[table.loc[ordered.index, 'mean_probability'].sort_values().index]
    assert (by_probability.diff().dropna() >= -1e-12).all()


@pytest.mark.parametrize(
    ('judged', 'rejected'), [(19, 8), (40, 2)], ids=['too few', 'nearly all alike']
)
def test_too_few_verdicts_give_no_chance(judged, rejected):
    table, _ = inventory(60, 0)
    verdicts = ['rejected'] * rejected + ['confirmed'] * (judged - rejected)
    table['review'] = verdicts + ['unreviewed'] * (60 - judged)
    assert landslide_chance(table).isna().all()


def test_an_inventory_without_a_review_has_no_chance():
    table, _ = inventory(60, 0)
    assert landslide_chance(table.drop(columns='review')).isna().all()
    assert landslide_chance(table.iloc[:0]).empty


def test_a_missing_probability_has_no_chance_and_teaches_nothing():
    table, _ = inventory(100, 50)
    table['area_m2'] = 1000.0
    table.loc[table.index[[0, 99]], 'mean_probability'] = np.nan
    chance = landslide_chance(table)
    assert np.isnan(chance.iloc[99])
    assert chance.iloc[50:99].notna().all()
    model = fit_chance(table)
    assert model.confirmed + model.rejected == 49


def test_a_count_is_the_sum_of_chances_with_limits_around_it():
    table, truth = inventory(1000, 200)
    table['area_m2'] = 1000.0
    mean, low, high = fit_chance(table).count(table.iloc[200:])
    assert mean == pytest.approx(landslide_chance(table).sum())
    assert low < mean < high
    assert low <= truth[200:].sum() <= high


def test_an_inventory_gets_the_chance_beside_its_probability():
    table, _ = inventory(100, 0)
    table['area_m2'] = 1000.0
    table, rejected = table.iloc[:80], table.iloc[80:].assign(review='rejected')
    seen = np.arange(80) < 30
    told = with_chance(table, rejected, seen)
    columns = list(told.columns)
    assert columns[columns.index('mean_probability') + 1] == 'chance'
    assert told.index.equals(table.index)
    assert told['chance'].isna().tolist() == seen.tolist()
    # What stands on reviewed ground is confirmed, and its state stays.
    assert set(told['review']) == {'unreviewed'}
    assert with_chance(told, rejected, seen).equals(told)
    assert 'chance' not in with_chance(told, None, seen)
