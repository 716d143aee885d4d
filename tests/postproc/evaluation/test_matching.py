from dataclasses import fields

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.evaluation import matching as matching_module
from postproc.evaluation.matching import Matching, match_landslides

BOX = shapely.box


def shapes(*geometries):
    return np.array(geometries, dtype=object)


def pairs(matching):
    return set(zip(matching.predicted_rows.tolist(), matching.reference_rows.tolist(), strict=True))


def test_areas_by_hand():
    predicted = shapes(BOX(0, 0, 2, 2), BOX(4, 0, 5, 1))
    # The first covers half of the predicted, the second touches it, the third lies in it.
    reference = shapes(BOX(1, 0, 3, 2), BOX(2, 2, 3, 3), BOX(0, 0, 1, 1))

    matching = match_landslides(predicted, reference)

    assert pairs(matching) == {(0, 0), (0, 2)}
    assert dict(zip(matching.reference_rows, matching.iou, strict=True)) == pytest.approx(
        {0: 2 / 6, 2: 1 / 4}
    )
    assert matching.predicted_share.tolist() == [0.75, 0]
    assert matching.reference_share.tolist() == [0.5, 0, 1]
    assert [counts.tolist() for counts in matching.partners] == [[2, 0], [1, 0, 1]]
    assert matching.best_iou[0] == pytest.approx([1 / 3, 0])
    assert matching.best_iou[1] == pytest.approx([1 / 3, 0, 1 / 4])


@pytest.mark.parametrize(
    ('min_overlap', 'overlap', 'hit', 'found'),
    [
        (0, 'share', [True, False], [True, False, True]),
        (0, 'iou', [True, False], [True, False, True]),
        (0.5, 'share', [True, False], [True, False, True]),
        (0.75, 'share', [True, False], [False, False, True]),
        (0.76, 'share', [False, False], [False, False, True]),
        (0.3, 'iou', [True, False], [True, False, False]),
        (0.4, 'iou', [False, False], [False, False, False]),
    ],
)
def test_thresholds(min_overlap, overlap, hit, found):
    predicted = shapes(BOX(0, 0, 2, 2), BOX(4, 0, 5, 1))
    reference = shapes(BOX(1, 0, 3, 2), BOX(2, 2, 3, 3), BOX(0, 0, 1, 1))

    agreed = match_landslides(predicted, reference).agreed(min_overlap, overlap)

    assert [rows.tolist() for rows in agreed] == [hit, found]


def test_touching_sides_corners_and_hairs_are_no_match():
    one = BOX(0, 0, 10, 10)
    corner, side = BOX(10, 10, 20, 20), BOX(10, 0, 20, 10)
    hair = BOX(10 - 1e-7, 0, 20, 10)

    assert pairs(match_landslides(shapes(one), shapes(corner, side, hair))) == set()
    assert pairs(match_landslides(shapes(one), shapes(BOX(9.9, 0, 20, 10)))) == {(0, 0)}


def test_references_that_overlap_each_other_cover_ground_once():
    reference = shapes(BOX(0, 0, 3, 1), BOX(1, 0, 4, 1), BOX(1, 0, 2, 1))

    matching = match_landslides(shapes(BOX(0, 0, 8, 1)), reference)

    assert matching.predicted_share == pytest.approx([0.5])
    assert matching.reference_share == pytest.approx([1, 1, 1])


def test_nothing_matches_nothing():
    nothing, one = np.array([], dtype=object), shapes(BOX(0, 0, 1, 1))

    for predicted, reference in ((nothing, one), (one, nothing), (nothing, nothing)):
        matching = match_landslides(predicted, reference)
        assert pairs(matching) == set()
        assert [len(rows) for rows in matching.agreed(0, 'iou')] == [len(predicted), len(reference)]


BOXES = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 5), st.integers(1, 5)),
    max_size=6,
).map(lambda rows: shapes(*(BOX(x, y, x + w, y + h) for x, y, w, h in rows)))


@given(predicted=BOXES, reference=BOXES)
@settings(max_examples=50)
def test_shares_are_those_of_the_union(predicted, reference):
    matching = match_landslides(predicted, reference)

    for one, others, share in (
        (predicted, reference, matching.predicted_share),
        (reference, predicted, matching.reference_share),
    ):
        union = shapely.union_all(others)
        wanted = [shape.intersection(union).area / shape.area for shape in one]
        assert share == pytest.approx(wanted)
    back = match_landslides(reference, predicted)
    assert pairs(back) == {(reference, predicted) for predicted, reference in pairs(matching)}


def test_pairs_taken_some_at_a_time_match_the_same(monkeypatch):
    rng = np.random.default_rng(3)
    inventories = [
        shapely.box(*low, *(low + 1 + size))
        for low, size in ((rng.random((2, 30)) * 6, rng.random((2, 30))) for _ in range(2))
    ]
    whole = match_landslides(*inventories)

    monkeypatch.setattr(matching_module, 'PAIRS_AT_ONCE', 7)
    cut = match_landslides(*inventories)

    assert len(whole.iou) > 100
    for field in fields(Matching):
        np.testing.assert_array_equal(getattr(cut, field.name), getattr(whole, field.name))
