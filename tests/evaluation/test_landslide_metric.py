import math

import numpy as np
import pytest
import torch

from dfpenet_mm.evaluation import LandslideMetric


def scores(pairs):
    metric = LandslideMetric()
    samples = [
        {
            'pred_sem_seg': {'data': torch.tensor(predicted)[None]},
            'gt_sem_seg': {'data': torch.tensor(label)[None]},
        }
        for predicted, label in pairs
    ]
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_counts_by_hand():
    predicted = [[1, 1, 1], [0, 0, 0]]
    label = [[1, 1, 0], [1, 0, 255]]
    # TP 2, FP 1, FN 1, TN 1; the ignored pixel counts nowhere
    found = scores([(predicted, label)])
    assert found['landslide/precision'] == pytest.approx(200 / 3)
    assert found['landslide/recall'] == pytest.approx(200 / 3)
    assert found['landslide/F1'] == pytest.approx(200 / 3)
    assert found['landslide/IoU'] == pytest.approx(50)
    assert found['landslide/OA'] == pytest.approx(60)


def test_pixels_are_summed_before_ratios_are_taken():
    found = scores([([[1, 1]], [[1, 1]]), ([[1, 0]], [[0, 0]])])
    assert found['landslide/IoU'] == pytest.approx(100 * 2 / 3)


def test_nothing_to_count_is_nan_not_zero():
    assert math.isnan(scores([([[0, 0]], [[0, 0]])])['landslide/IoU'])


@pytest.mark.parametrize(
    ('counts', 'percents'),
    [
        ((915698, 55853, 20753), (94.25, 97.78, 92.28)),
        ((915698, 55040, 20753), (94.33, 97.78, 92.36)),
        ((924252, 245, 12199), (99.97, 98.70, 98.67)),
    ],
)
def test_table_4_of_the_paper(counts, percents):
    found = LandslideMetric().compute_metrics(np.array([[*counts, 0]]))
    assert tuple(round(found[name], 2) for name in ('precision', 'recall', 'IoU')) == percents
