import multiprocessing
import socket

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.registry import METRICS

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation import SegmentationMetric, metrics

ISPRS = ('impervious surface', 'building', 'low vegetation', 'tree', 'car', 'clutter')


def sample(label, predicted):
    return {
        'gt_sem_seg': {'data': torch.as_tensor(label)[None]},
        'pred_sem_seg': {'data': torch.as_tensor(predicted)[None]},
    }


def metric_of(classes, **settings):
    metric = SegmentationMetric(**settings)
    metric.dataset_meta = {'classes': classes}
    return metric


def scores(classes, pairs, **settings):
    metric = metric_of(classes, **settings)
    metric.process({}, [sample(*pair) for pair in pairs])
    return metric.evaluate(len(pairs))


LABEL = [
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 1, 1],
    [2, 2, 2, 2, 1, 1],
    [2, 2, 2, 2, 1, 1],
    [255, 255, 255, 255, 255, 255],
]
PREDICTED = [
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 1, 2],
    [2, 2, 0, 0, 1, 1],
    [2, 1, 0, 0, 1, 1],
    [0, 1, 2, 0, 1, 2],
]
# true 0: 12 right; true 1: 9 right, 1 as 2; true 2: 3 right, 4 as 0, 1 as 1


def test_scores_by_hand():
    found = scores(('car', 'tree', 'clutter'), [(LABEL, PREDICTED)])
    iou = (12 / 16, 9 / 11, 3 / 9)
    f1 = (24 / 28, 18 / 20, 6 / 12)
    assert found['segmentation/IoU.car'] == pytest.approx(100 * iou[0])
    assert found['segmentation/F1.tree'] == pytest.approx(100 * f1[1])
    assert found['segmentation/precision.clutter'] == pytest.approx(75)
    assert found['segmentation/recall.clutter'] == pytest.approx(37.5)
    assert found['segmentation/mIoU'] == pytest.approx(100 * np.mean(iou))
    assert found['segmentation/mF1'] == pytest.approx(100 * np.mean(f1))
    precision = 100 * np.mean([12 / 16, 9 / 10, 3 / 4])
    assert found['segmentation/mPrecision'] == pytest.approx(precision)
    assert found['segmentation/mRecall'] == pytest.approx(100 * np.mean([1, 9 / 10, 3 / 8]))
    assert found['segmentation/OA'] == pytest.approx(100 * 24 / 30)


def test_an_unscored_class_leaves_the_means_but_not_the_matrix():
    classes, pairs = ('car', 'tree', 'clutter'), [(LABEL, PREDICTED)]
    with_all = scores(classes, pairs)
    without = scores(classes, pairs, unscored_classes=('clutter',))
    # Clutter taken for cars is still a false alarm of cars, and still wrong in OA.
    assert without['segmentation/precision.car'] == pytest.approx(75)
    assert without['segmentation/recall.tree'] == pytest.approx(90)
    assert without['segmentation/mIoU'] == pytest.approx(100 * np.mean([12 / 16, 9 / 11]))
    assert without['segmentation/mF1'] == pytest.approx(100 * np.mean([24 / 28, 18 / 20]))
    means = {'segmentation/mF1', 'segmentation/mIoU'}
    means |= {'segmentation/mPrecision', 'segmentation/mRecall'}
    same = set(with_all) - means
    assert {name: with_all[name] for name in same} == {name: without[name] for name in same}


def test_ignoring_clutter_when_loading_is_another_measure():
    label = np.where(np.array(LABEL) == 2, 255, LABEL)
    found = scores(('car', 'tree', 'clutter'), [(label, PREDICTED)], unscored_classes=['clutter'])
    assert found['segmentation/precision.car'] == 100
    assert found['segmentation/recall.tree'] == pytest.approx(90)


def test_images_are_summed_before_ratios_are_taken():
    found = scores(('a', 'b'), [([[1, 1]], [[1, 1]]), ([[0, 0]], [[1, 0]])])
    assert found['segmentation/IoU.b'] == pytest.approx(100 * 2 / 3)


def test_absent_classes_are_in_no_mean():
    found = scores(('a', 'b', 'c'), [([[0, 0, 1, 1]], [[0, 0, 1, 0]])])
    assert np.isnan(found['segmentation/F1.c'])
    assert np.isnan(found['segmentation/IoU.c'])
    assert found['segmentation/mIoU'] == pytest.approx(100 * np.mean([2 / 3, 1 / 2]))


def test_a_class_that_is_only_predicted_counts_as_zero():
    found = scores(('a', 'b'), [([[0, 0]], [[0, 1]])])
    assert found['segmentation/IoU.b'] == 0
    assert np.isnan(found['segmentation/recall.b'])
    assert found['segmentation/mIoU'] == 25
    assert found['segmentation/mRecall'] == 50


def test_nothing_scored_is_nan_everywhere():
    found = scores(('a', 'b'), [([[255, 255]], [[0, 1]])])
    assert all(np.isnan(value) for value in found.values())


@settings(max_examples=15)
@given(st.lists(st.integers(0, 10**6), min_size=25, max_size=25))
def test_means_do_not_depend_on_the_order_of_classes(counts):
    confusion = np.array(counts).reshape(5, 5)
    order = [3, 0, 4, 1, 2]
    one = metric_of(tuple('abcde')).compute_metrics([confusion])
    other = metric_of(tuple('abcde')).compute_metrics([confusion[np.ix_(order, order)]])
    for name in ('mF1', 'mIoU', 'mPrecision', 'mRecall', 'OA'):
        np.testing.assert_allclose(one[name], other[name])


# Table 1 of the paper: F1 of the five classes, their mean, mIoU.
@pytest.mark.parametrize(
    ('f1', 'mean_f1', 'mean_iou'),
    [
        ((88.52, 92.26, 77.29, 85.80, 76.77), 84.13, 73.09),
        ((89.51, 93.09, 78.76, 86.50, 78.20), 85.21, 74.70),
        ((89.70, 93.39, 78.65, 86.11, 78.65), 85.30, 74.83),
        ((89.79, 93.52, 79.32, 86.67, 77.99), 85.46, 75.10),
        ((92.77, 95.53, 86.38, 90.71, 81.17), 89.31, 81.06),
    ],
)
def test_table_1_is_the_mean_over_the_five_classes_without_clutter(f1, mean_f1, mean_iou):
    # Equal numbers of false alarms and misses per class, all against clutter, give each F1.
    confusion = np.zeros((6, 6), np.int64)
    for k, value in enumerate(f1):
        confusion[k, k] = round(value * 100_000)
        confusion[k, 5] = confusion[5, k] = round((100 - value) * 100_000)
    found = metric_of(ISPRS, unscored_classes=('clutter',)).compute_metrics([confusion])
    # The printed F1 have two decimals, so their mean and mIoU are good to one unit of the last.
    assert found['mF1'] == pytest.approx(mean_f1, abs=0.0101)
    assert found['mIoU'] == pytest.approx(mean_iou, abs=0.0151)
    assert found['mF1'] - metric_of(ISPRS).compute_metrics([confusion])['mF1'] > 10


def test_the_log_shows_every_class(monkeypatch):
    logged = []
    monkeypatch.setattr(metrics, 'print_log', lambda text, **_: logged.append(text))
    scores(ISPRS, [(LABEL, PREDICTED)], unscored_classes=('clutter',))
    rows = [line.strip('|').split('|') for line in logged[0].splitlines() if '|' in line]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert cells['class'] == ['precision', 'recall', 'F1', 'IoU']
    assert cells['impervious surface'] == ['75.00', '100.00', '85.71', '75.00']
    assert cells['clutter (not in the means)'] == ['-'] * 4
    assert cells['mean'] == ['80.00', '75.83', '75.24', '63.38']
    assert 'overall accuracy 80.00 %' in logged[0]


@pytest.mark.parametrize('unscored', [('background',), ('a', 'b')])
def test_unscored_classes_must_fit_before_the_first_image_is_scored(unscored):
    with pytest.raises(ConfigError, match='do not fit the classes'):
        scores(('a', 'b'), [([[0]], [[0]])], unscored_classes=unscored)


def test_one_name_instead_of_a_list_is_refused():
    with pytest.raises(ConfigError, match="'clutter',"):
        SegmentationMetric(unscored_classes='clutter')


def test_it_is_registered():
    assert METRICS.get('SegmentationMetric') is SegmentationMetric


PAIRS = [([[0, 1]], [[0, 1]]), ([[0, 1]], [[1, 1]]), ([[1, 1]], [[0, 0]])]


def score_as_rank(rank, port, folder, queue):
    """Score as one of two processes; the second gets a padded repetition of the first image."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=2
    )
    metric = metric_of(('a', 'b'))
    metric.collect_dir = folder
    shares = ([PAIRS[0], PAIRS[2]], [PAIRS[1], PAIRS[0]])
    metric.process({}, [sample(*pair) for pair in shares[rank]])
    queue.put((rank, metric.evaluate(len(PAIRS))))
    torch.distributed.destroy_process_group()


def test_two_processes_score_as_one(tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    folder = str(tmp_path / 'parts')
    ranks = [
        context.Process(target=score_as_rank, args=(rank, port, folder, queue)) for rank in (0, 1)
    ]
    for process in ranks:
        process.start()
    results = dict(queue.get(timeout=60) for _ in ranks)
    for process in ranks:
        process.join(timeout=60)
    assert results[0] == results[1] == scores(('a', 'b'), PAIRS)
