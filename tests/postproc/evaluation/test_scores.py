import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.evaluation.scores import Counts, recall_by_size

# Tables 4 and 5 of the paper: counts, then precision, recall and IoU in per cent.
PAPER = [
    ((915_698, 55_853, 20_753), (94.25, 97.78, 92.28)),
    ((915_698, 55_040, 20_753), (94.33, 97.78, 92.36)),
    ((924_252, 245, 12_199), (99.97, 98.70, 98.67)),
    ((526, 186, 68), (73.88, 88.55, 67.44)),
    ((526, 47, 68), (91.80, 88.55, 82.06)),
    ((519, 3, 55), (99.43, 90.42, 89.95)),
]


@pytest.mark.parametrize(('counts', 'wanted'), PAPER)
def test_tables_of_the_paper(counts, wanted):
    scores = Counts(*counts)

    # The paper cuts or rounds at the second decimal.
    assert [100 * scores.precision, 100 * scores.recall, 100 * scores.iou] == pytest.approx(
        wanted, abs=0.01
    )


def test_a_ratio_of_nothing_is_none():
    assert Counts(0, 0, 0).as_dict() == {
        'tp': 0,
        'fp': 0,
        'fn': 0,
        'precision': None,
        'recall': None,
        'f1': None,
        'iou': None,
    }
    assert Counts(0, 0, 5).precision is None
    assert Counts(0, 0, 5).recall == 0
    assert Counts(0, 5, 0).recall is None


@given(st.integers(1, 999), st.integers(0, 999), st.integers(0, 999))
def test_f1_is_the_harmonic_mean(tp, fp, fn):
    scores = Counts(tp, fp, fn)

    assert 2 / scores.f1 == pytest.approx(1 / scores.precision + 1 / scores.recall)
    assert scores.iou <= min(scores.precision, scores.recall)


def test_classes_by_hand():
    areas = np.array([50, 100, 900, 1000, 5000.0])
    found = np.array([False, True, False, True, True])

    assert recall_by_size(areas, found, (100, 1000, 10_000)) == [
        {'from_m2': 0, 'to_m2': 100, 'landslides': 1, 'found': 0, 'recall': 0},
        {'from_m2': 100, 'to_m2': 1000, 'landslides': 2, 'found': 1, 'recall': 0.5},
        {'from_m2': 1000, 'to_m2': 10_000, 'landslides': 2, 'found': 2, 'recall': 1},
        {'from_m2': 10_000, 'to_m2': None, 'landslides': 0, 'found': 0, 'recall': None},
    ]


def test_no_limits_is_one_class_and_no_landslides_are_none():
    nothing = np.array([]), np.array([], dtype=bool)
    assert recall_by_size(np.array([5.0]), np.array([True]), ()) == [
        {'from_m2': 0, 'to_m2': None, 'landslides': 1, 'found': 1, 'recall': 1}
    ]
    assert [row['landslides'] for row in recall_by_size(*nothing, (10,))] == [0, 0]
