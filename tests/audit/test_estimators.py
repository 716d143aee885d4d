"""Accuracy and area of a map from a stratified sample, against the literature and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from dfpenet_mm.audit.estimators import AuditError, Stratum, estimate_accuracy, jeffreys

# Olofsson et al. 2014, tables 8 and 9: deforestation, forest gain, stable forest, stable
# non-forest; rows are the map, columns the reference; pixels of 30 m.
SIZES = (200_000, 150_000, 3_200_000, 6_450_000)
MATRIX = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
HECTARES = sum(SIZES) * 0.09
# Ground by stratum (mapped, near its border, elsewhere), and the share of each that is landslide.
SCENES = {
    'typical': ((0.03, 0.05, 0.92), (0.75, 0.10, 0.004)),
    'rare': ((0.005, 0.01, 0.985), (0.70, 0.08, 0.0008)),
    'many missed': ((0.01, 0.02, 0.97), (0.80, 0.20, 0.02)),
    'many false': ((0.05, 0.06, 0.89), (0.45, 0.25, 0.02)),
    'common': ((0.15, 0.10, 0.75), (0.80, 0.15, 0.03)),
}
AUDITS = 1000


def olofsson(target):
    """The four strata of the example, with one class as the landslides."""
    strata = []
    for row, (size, counts) in enumerate(zip(SIZES, MATRIX, strict=True)):
        table = np.zeros((2, 2))
        table[int(row == target)] = counts.sum() - counts[target], counts[target]
        strata.append(Stratum(str(row), size, table))
    return strata


def three_strata(weights, points, hits):
    tables = [
        np.array([[0, 0], [n - k, k]] if number == 0 else [[n - k, k], [0, 0]])
        for number, (n, k) in enumerate(zip(points, hits, strict=True))
    ]
    return [
        Stratum(f'{number}', weight, table)
        for number, (weight, table) in enumerate(zip(weights, tables, strict=True))
    ]


def test_the_worked_example_of_olofsson_et_al_comes_out():
    found = estimate_accuracy(olofsson(0))
    area = found.landslide_share.scaled(HECTARES)
    assert area.value == pytest.approx(21_158, abs=1)
    assert 1.96 * area.standard_error == pytest.approx(6_158, abs=1)
    assert found.users.value == pytest.approx(0.88, abs=0.005)
    assert 1.96 * found.users.standard_error == pytest.approx(0.07, abs=0.005)
    assert found.producers.value == pytest.approx(0.75, abs=0.005)
    assert 1.96 * found.producers.standard_error == pytest.approx(0.21, abs=0.005)


@pytest.mark.parametrize(
    ('target', 'users', 'producers'), [(1, 0.73, 0.85), (2, 0.93, 0.93), (3, 0.96, 0.96)]
)
def test_its_other_classes_come_out(target, users, producers):
    found = estimate_accuracy(olofsson(target))
    assert found.users.value == pytest.approx(users, abs=0.005)
    assert found.producers.value == pytest.approx(producers, abs=0.005)


def test_a_single_stratum_is_a_plain_share_with_jeffreys_interval():
    found = estimate_accuracy([Stratum('all', 1.0, np.array([[0, 0], [12, 38]]))])
    low, high = jeffreys(np.array([38]), np.array([50]))
    for estimate in (found.users, found.landslide_share, found.overall):
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.76, *low, *high))
    assert found.producers.value == 1.0


def test_jeffreys_interval_lies_inside_the_exact_one():
    for hits in range(21):
        (low,), (high,) = jeffreys(np.array([hits]), np.array([20]))
        exact = binomtest(hits, 20).proportion_ci(0.95, 'exact')
        assert exact.low - 1e-9 <= low <= hits / 20 <= high <= exact.high + 1e-9


def test_a_stratum_without_a_miss_is_not_taken_for_certain():
    found = estimate_accuracy(three_strata((0.03, 0.05, 0.92), (50, 50, 100), (40, 5, 0)))
    assert found.landslide_share.high - found.landslide_share.value > 0.015
    assert found.producers.low < 0.65


def test_a_stratum_that_was_seen_whole_leaves_no_doubt():
    found = estimate_accuracy(
        [
            Stratum('a', 20, np.array([[0, 0], [5, 15]]), pixels=20),
            Stratum('b', 30, np.array([[27, 3], [0, 0]]), pixels=30),
        ]
    )
    share = found.landslide_share
    assert (share.low, share.value, share.high) == pytest.approx((0.36, 0.36, 0.36))
    assert (found.users.low, found.users.high) == pytest.approx((0.75, 0.75))
    assert (found.producers.low, found.producers.high) == pytest.approx((15 / 18, 15 / 18))


def test_a_map_edited_since_the_sample_is_judged_as_it_is_now():
    # Half of the landslide stratum was taken back, a tenth of the other added.
    strata = [
        Stratum('landslide', 0.2, np.array([[10, 0], [0, 10]])),
        Stratum('elsewhere', 0.8, np.array([[16, 2], [1, 1]])),
    ]
    found = estimate_accuracy(strata)
    assert found.landslide_share.value == pytest.approx(0.2 * 0.5 + 0.8 * 0.15)
    assert found.overall.value == pytest.approx(0.2 + 0.8 * 0.85)
    both, mapped = 0.2 * 0.5 + 0.8 * 0.05, 0.2 * 0.5 + 0.8 * 0.1
    assert found.users.value == pytest.approx(both / mapped)
    assert found.producers.value == pytest.approx(both / (0.2 * 0.5 + 0.8 * 0.15))


def test_nothing_mapped_and_nothing_there_have_no_accuracy():
    found = estimate_accuracy([Stratum('elsewhere', 1.0, np.array([[50, 0], [0, 0]]))])
    assert (found.users.value, found.producers.value) == (None, None)
    assert found.landslide_share.low == 0.0


def test_a_stratum_with_one_point_is_refused():
    with pytest.raises(AuditError, match='the stratum near has 1 of at least 2 points'):
        estimate_accuracy([Stratum('near', 1.0, np.array([[1, 0], [0, 0]]))])


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), *[st.integers(0, 20)] * 4), min_size=1, max_size=4
    ).filter(lambda rows: all(sum(row[1:]) >= 2 for row in rows))
)
def test_estimates_lie_between_their_limits(rows):
    strata = [
        Stratum(str(number), size, np.array(counts).reshape(2, 2))
        for number, (size, *counts) in enumerate(rows)
    ]
    found = estimate_accuracy(strata)
    for estimate in (found.overall, found.users, found.producers, found.landslide_share):
        if estimate.value is not None:
            assert 0 <= estimate.low <= estimate.value + 1e-9
            assert estimate.value <= estimate.high + 1e-9 <= 1 + 2e-9
            assert estimate.standard_error >= 0


@pytest.mark.parametrize('scene', SCENES)
@pytest.mark.parametrize('points', [(50, 50, 100), (50, 50, 300)], ids=['200', '400'])
def test_intervals_hold_the_truth_in_about_95_of_100_audits(scene, points):
    weights, shares = (np.array(values) for values in SCENES[scene])
    parts = weights * shares
    truth = {
        'overall': parts[0] + (weights - parts)[1:].sum(),
        'users': shares[0],
        'producers': parts[0] / parts.sum(),
        'landslide_share': parts.sum(),
    }
    samples = np.random.default_rng(0).binomial(points, shares, (AUDITS, 3))
    unique, times = np.unique(samples, axis=0, return_counts=True)
    held = dict.fromkeys(truth, 0)
    for hits, often in zip(unique, times, strict=True):
        found = estimate_accuracy(three_strata(weights, points, hits))
        for name, value in truth.items():
            estimate = getattr(found, name)
            held[name] += often * (estimate.low <= value <= estimate.high)
    # What is counted comes in whole points, so that no interval is exact in every scene.
    for name, count in held.items():
        assert 0.925 <= count / AUDITS <= 0.985, (scene, name)
    assert 0.93 <= np.mean(list(held.values())) / AUDITS <= 0.975
