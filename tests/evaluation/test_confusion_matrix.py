import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError
from dfpenet_mm.evaluation.confusion_matrix import (
    against_rest,
    class_names,
    class_scores,
    confusion_of_sample,
    count_confusion,
    mean_defined,
    overall_accuracy,
)

CLASSES = 4
LABELS = hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2, 3, 255]))
PREDICTED = hnp.arrays(np.int64, (5, 7), elements=st.integers(0, CLASSES - 1))


def counted(label, predicted, num_classes=CLASSES):
    return count_confusion(
        np.asarray(label), np.asarray(predicted), num_classes=num_classes, ignore_index=255
    )


def by_hand(label, predicted):
    """Scores pixel by pixel, by the definitions."""
    pixels = [(t, p) for t, p in zip(label.flat, predicted.flat, strict=True) if t != 255]
    rows = {'precision': [], 'recall': [], 'F1': [], 'IoU': []}
    for k in range(CLASSES):
        tp = sum(t == k and p == k for t, p in pixels)
        fp = sum(t != k and p == k for t, p in pixels)
        fn = sum(t == k and p != k for t, p in pixels)
        fractions = ((tp, tp + fp), (tp, tp + fn), (tp, tp + (fp + fn) / 2), (tp, tp + fp + fn))
        for row, (part, whole) in zip(rows.values(), fractions, strict=True):
            row.append(100 * part / whole if whole else float('nan'))
    right = sum(t == p for t, p in pixels)
    return rows, 100 * right / len(pixels) if pixels else float('nan')


def test_rows_are_truth_and_columns_prediction():
    assert counted([0, 0, 1, 255], [1, 1, 0, 1], 2).tolist() == [[0, 2], [1, 0]]


@given(LABELS, PREDICTED)
def test_scores_are_their_definitions(label, predicted):
    confusion = counted(label, predicted)
    expected, accuracy = by_hand(label, predicted)
    for name, values in class_scores(confusion).items():
        np.testing.assert_allclose(values, expected[name])
    np.testing.assert_allclose(overall_accuracy(confusion), accuracy)


@settings(max_examples=25)
@given(LABELS, PREDICTED)
def test_scores_are_scikit_learns(label, predicted):
    sklearn = pytest.importorskip('sklearn.metrics')
    scored = label != 255
    if not scored.any():
        return
    confusion = counted(label, predicted)
    true, found = label[scored], predicted[scored]
    everything = list(range(CLASSES))
    reference = sklearn.confusion_matrix(true, found, labels=everything)
    np.testing.assert_array_equal(confusion, reference)
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        true, found, labels=everything, zero_division=np.nan
    )
    scores = class_scores(confusion)
    np.testing.assert_allclose(scores['precision'], 100 * precision)
    np.testing.assert_allclose(scores['recall'], 100 * recall)
    occurs = reference.sum(axis=0) + reference.sum(axis=1) > 0
    np.testing.assert_allclose(scores['F1'][occurs], 100 * f1[occurs])
    iou = sklearn.jaccard_score(true, found, labels=everything, average=None, zero_division=0)
    np.testing.assert_allclose(scores['IoU'][occurs], 100 * iou[occurs])
    assert np.isnan(scores['F1'][~occurs]).all()
    np.testing.assert_allclose(
        overall_accuracy(confusion), 100 * sklearn.accuracy_score(true, found)
    )


@given(LABELS, PREDICTED, st.integers(0, CLASSES - 1))
def test_one_class_scores_the_same_against_the_merged_rest(label, predicted, index):
    confusion = counted(label, predicted)
    pair = against_rest(confusion, [index])
    assert pair.sum() == confusion.sum()
    for name, values in class_scores(pair).items():
        np.testing.assert_allclose(values[1], class_scores(confusion)[name][index])


# What erosion does to the ground truth: a ring of 255 on both sides of the boundary.
FULL = [
    [0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1],
]
ERODED = [[0, 0, 255, 255, 1, 1]] * 6
SHIFTED = [[0, 0, 0, 0, 1, 1]] * 6  # the boundary one pixel off


def test_eroded_pixels_are_not_scored():
    assert overall_accuracy(counted(FULL, SHIFTED, 2)) == pytest.approx(100 * 30 / 36)
    eroded = counted(ERODED, SHIFTED, 2)
    assert eroded.tolist() == [[12, 0], [0, 12]]
    # One wrong pixel inside an object is still wrong.
    wrong = np.array(SHIFTED)
    wrong[3, 0] = 1
    assert counted(ERODED, wrong, 2).tolist() == [[11, 1], [0, 12]]


def test_everything_ignored_scores_nothing():
    confusion = counted(np.full((6, 6), 255), np.zeros((6, 6), int))
    assert confusion.sum() == 0
    assert np.isnan(overall_accuracy(confusion))
    assert all(np.isnan(values).all() for values in class_scores(confusion).values())
    assert np.isnan(mean_defined(class_scores(confusion)['F1']))


def test_zero_predictions_are_zero_where_the_class_occurs():
    scores = class_scores(counted([[1, 1, 0]], [[0, 0, 0]], 3))
    assert (scores['F1'][1], scores['IoU'][1], scores['recall'][1]) == (0, 0, 0)
    assert np.isnan(scores['precision'][1])
    assert np.isnan(scores['F1'][2])


def test_counts_beyond_float32_stay_exact():
    many = 2**24 + 1
    confusion = counted(np.zeros(many, np.uint8), np.zeros(many, np.uint8), 2)
    assert confusion[0, 0] == many


@pytest.mark.parametrize('value', [2, 254, -1])
def test_a_mask_value_that_is_no_class_is_refused(value):
    with pytest.raises(RasterFormatError, match=f'1 pixels of value {value} among 2 classes'):
        counted([0, 1, value], [0, 1, 1], 2)


def test_a_predicted_value_that_is_no_class_is_refused():
    with pytest.raises(RasterFormatError, match='the prediction holds 2 pixels of value 3'):
        counted([0, 1, 1], [3, 1, 3], 2)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(GridMismatchError, match=r'\(2, 3\), the prediction \(3, 2\)'):
        counted(np.zeros((2, 3), int), np.zeros((3, 2), int))


def test_the_error_names_the_mask():
    sample = {
        'seg_map_path': 'area7.tif',
        'gt_sem_seg': {'data': torch.tensor([[[0, 9]]])},
        'pred_sem_seg': {'data': torch.tensor([[[0, 1]]])},
    }
    with pytest.raises(RasterFormatError, match=r'^area7.tif: the ground truth holds'):
        confusion_of_sample(sample, {'classes': ('a', 'b')}, 255)


@pytest.mark.parametrize('meta', [None, {}, {'classes': None}])
def test_a_data_set_without_classes_is_refused(meta):
    with pytest.raises(ConfigError, match='names no classes'):
        class_names(meta)
