import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.evaluation.scores import Counts

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
