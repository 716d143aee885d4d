import numpy as np

from postproc.evaluation.scores import recall_by_size


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
