import math

import numpy as np
import pytest
import torch

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.evaluation import LandslideMetric


def scores(pairs, classes=('background', 'landslide'), **settings):
    metric = LandslideMetric(**settings)
    metric.dataset_meta = {'classes': classes}
    samples = [
        {
            'pred_sem_seg': {'data': torch.tensor(predicted)[None]},
            'gt_sem_seg': {'data': torch.tensor(label)[None]},
        }
        for predicted, label in pairs
    ]
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def detailed(samples, **settings):
    metric = LandslideMetric(details=True, **settings)
    metric.dataset_meta = {'classes': ('background', 'landslide')}
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def with_logits(logits, label):
    logits = torch.tensor(logits)
    return {
        'seg_logits': {'data': logits},
        'pred_sem_seg': {'data': logits.argmax(dim=0)[None]},
        'gt_sem_seg': {'data': torch.tensor(label)[None]},
    }


def test_details_stand_beside_the_scores():
    sample = with_logits([[[0.0, 0.0, 0.0]], [[3.0, 1.0, -9.0]]], [[1, 0, 255]])
    plain = scores([([[1, 1, 0]], [[1, 0, 255]])] * 3)
    found = detailed([sample] * 3)
    assert {name: found[name] for name in plain} == plain
    # One region on one landslide of a pixel; equal images draw equal sets.
    assert found['landslide/IoU.low'] == found['landslide/IoU.high'] == 50
    assert found['landslide/landslides_found'] == found['landslide/found.0_pixels'] == 100
    assert found['landslide/false_regions_per_Mpx'] == 0
    sure = 1 / (1 + np.exp([-3, -1]))
    brier = 100 * ((1 - sure[0]) ** 2 + sure[1] ** 2) / 2
    assert found['landslide/Brier'] == pytest.approx(brier, abs=0.01)


def test_details_in_metres():
    sample = with_logits([[[0.0, 0.0]], [[3.0, -1.0]]], [[1, 0]])
    found = detailed([sample] * 2, pixel_size=10)
    assert found['landslide/found.100_m2'] == 100
    assert found['landslide/false_regions_per_km2'] == 0
    with pytest.raises(ConfigError, match='pixel_size is 0; give metres above 0'):
        LandslideMetric(pixel_size=0)


@pytest.mark.parametrize('logits', [None, {'data': torch.tensor([[[3.0]], [[0.0]]])}])
def test_no_calibration_without_the_probability_of_the_prediction(logits):
    sample = with_logits([[[0.0]], [[3.0]]], [[1]])
    sample = {key: value for key, value in sample.items() if key != 'seg_logits'}
    found = detailed([sample | ({} if logits is None else {'seg_logits': logits})] * 2)
    assert 'landslide/ECE' not in found
    assert found['landslide/IoU'] == 100


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
    assert found['landslide/precision'] == pytest.approx(100 * 2 / 3)
    assert found['landslide/recall'] == 100


def test_nothing_to_count_is_nan_not_zero():
    assert math.isnan(scores([([[0, 0]], [[0, 0]])])['landslide/IoU'])


@pytest.mark.parametrize(
    ('counts', 'percents'),
    [
        ((915698, 55853, 20753), (94.25, 97.78, 92.28)),
        ((915698, 55040, 20753), (94.33, 97.78, 92.36)),
        ((924252, 245, 12199), (99.97, 98.70, 98.67)),
        # Table 5, landslides instead of pixels.
        ((526, 186, 68), (73.88, 88.55, 67.44)),
        ((526, 47, 68), (91.80, 88.55, 82.06)),
        ((519, 3, 55), (99.43, 90.42, 89.95)),
    ],
)
def test_tables_4_and_5_of_the_paper(counts, percents):
    tp, fp, fn = counts
    found = LandslideMetric().compute_metrics([np.array([[0, fp], [fn, tp]])])
    assert tuple(round(found[name], 2) for name in ('precision', 'recall', 'IoU')) == percents


def test_other_classes_count_as_one():
    label = [[0, 2, 1, 1, 2]]
    predicted = [[2, 0, 1, 2, 1]]
    found = scores([(label, predicted)], classes=('soil', 'landslide', 'tree'))
    # TP 1, FP 1, FN 1, TN 2: soil and trees taken for one another are both right.
    assert found['landslide/OA'] == pytest.approx(60)
    assert found['landslide/IoU'] == pytest.approx(100 / 3)


def test_landslides_of_another_label():
    found = scores([([[1, 0, 0]], [[0, 0, 1]])], landslide_class=0)
    assert found['landslide/recall'] == 50
    assert found['landslide/IoU'] == pytest.approx(100 / 3)


def test_several_kinds_of_landslide_count_as_one():
    label = [[0, 1, 2, 2, 0, 1]]
    predicted = [[0, 2, 2, 0, 1, 1]]
    classes = ('background', 'scar', 'deposit')
    found = scores([(predicted, label)], classes=classes, landslide_class=(1, 2))
    # TP 3, of which one scar is taken for a deposit, FP 1, FN 1, TN 1.
    assert found['landslide/IoU'] == pytest.approx(100 * 3 / 5)
    assert found['landslide/OA'] == pytest.approx(100 * 4 / 6)
    with pytest.raises(ConfigError, match='landslide_class 3 is none of the classes'):
        scores([(predicted, label)], classes=classes, landslide_class=[1, 3])


@pytest.mark.parametrize('wrong', [(), (1, 1), 'landslide', 1.0, (1, True)])
def test_what_is_no_class_is_refused(wrong):
    with pytest.raises(ConfigError, match=r'landslide_class is .* give a whole number, or'):
        LandslideMetric(landslide_class=wrong)


def test_a_class_beyond_the_data_sets_is_refused():
    with pytest.raises(ConfigError, match='landslide_class 2 is none of the classes'):
        scores([([[0]], [[0]])], landslide_class=2)


def test_a_mask_that_was_not_mapped_is_refused():
    with pytest.raises(RasterFormatError, match='value 128 among 2 classes'):
        scores([([[0, 128]], [[0, 1]])])
