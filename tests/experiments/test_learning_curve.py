import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from PIL import Image

import dfpenet_mm.models  # noqa: F401
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.experiments.learning_curve import FRACTIONS, draw_learning_curve, use_fraction


@pytest.fixture
def config():
    losses = [dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0]), dict(type='DiceLoss')]
    return Config(
        dict(
            train_dataloader=dict(batch_size=16, dataset=dict(type='LandslideDataset')),
            model=dict(decode_head=dict(num_classes=2, loss_decode=losses)),
        )
    )


def test_batches_and_weights_are_the_papers(config):
    """Section 4.2.2: batches of 2,2,4,4,4,4,4; landslides weighed under 20 %."""
    parts = [use_fraction(config, f, seed=3, landslide_weight=4.0) for f in FRACTIONS]
    assert FRACTIONS == (5, 10, 20, 40, 60, 80, 100)
    assert [part.train_dataloader.batch_size for part in parts] == [2, 2, 4, 4, 4, 4, 4]
    weights = [part.model.decode_head.loss_decode[0].class_weight[1] for part in parts]
    assert weights == [4, 4, 2, 2, 2, 2, 2]
    assert 'class_weight' not in parts[0].model.decode_head.loss_decode[1]
    datasets = [part.train_dataloader.dataset for part in parts]
    assert [d.fraction for d in datasets] == [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert {d.fraction_seed for d in datasets} == {3}


def test_the_config_given_stays(config):
    before = config.to_dict()
    use_fraction(config, 5, seed=0, landslide_weight=4.0)
    assert config.to_dict() == before


@pytest.mark.parametrize(
    'loss',
    [dict(type='LabelledCrossEntropyLoss'), dict(type='CrossEntropyLoss', avg_non_ignore=True)],
)
def test_a_single_loss_is_weighed_too(config, loss):
    config.model.decode_head.loss_decode = loss
    part = use_fraction(config, 5, seed=0, landslide_weight=3.0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        weighed = MODELS.build(part.model.decode_head.loss_decode)
    label = torch.tensor([[[0, 1, 255]]])
    logits = torch.tensor([[1.0, 0.0, 5.0], [0.0, 0.0, 0.0]])[None, :, None]
    each = torch.nn.functional.cross_entropy(logits, label, reduction='none', ignore_index=255)
    wanted = (each[0, 0, 0] + 3 * each[0, 0, 1]) / 4
    torch.testing.assert_close(weighed(logits, label, ignore_index=255), wanted)


@pytest.mark.parametrize(
    ('own', 'landslides', 'weights'),
    [
        ([1.0, 2.0, 2.0], (1, 2), [1.0, 4.0, 4.0]),
        ([0.5, 2.0, 3.0], 2, [0.5, 2.0, 4.0]),
        (None, [1, 2], [1.0, 4.0, 4.0]),
    ],
)
@pytest.mark.parametrize('several', [False, True])
def test_kinds_of_landslides_are_weighed_and_other_classes_keep_theirs(
    own, landslides, weights, several, config
):
    metric = dict(type='LandslideMetric', landslide_class=landslides)
    config.test_evaluator = [dict(type='SegmentationMetric'), metric] if several else metric
    loss = dict(type='LabelledCrossEntropyLoss', class_weight=own)
    config.model.decode_head = dict(num_classes=3, loss_decode=loss)
    part = use_fraction(config, 5, seed=0, landslide_weight=4.0)
    assert part.model.decode_head.loss_decode.class_weight == weights


@pytest.mark.parametrize('fraction', [0, -5, 101])
def test_an_impossible_fraction_is_refused(config, fraction):
    with pytest.raises(ConfigError, match='more than 0 and up to 100'):
        use_fraction(config, fraction, seed=0, landslide_weight=4.0)


def test_a_concatenation_is_refused(config):
    config.train_dataloader.dataset.type = 'ConcatDataset'
    with pytest.raises(ConfigError, match='is a ConcatDataset'):
        use_fraction(config, 5, seed=0, landslide_weight=4.0)


def curve(name, values, spread):
    rows = pd.DataFrame({'name': name, 'fraction': [5.0, 20.0, 100.0]})
    for score in ('IoU', 'precision', 'recall'):
        rows[score] = values
        rows[f'{score}_spread'] = spread
    return rows


def pixels(path):
    return np.asarray(Image.open(path).convert('RGB')).astype(int)


@pytest.mark.usefixtures('foreign_style')
def test_a_line_for_each_config_and_a_band_where_there_is_spread(tmp_path):
    one, band, two = (tmp_path / f'{name}.png' for name in ('one', 'band', 'two'))
    first = curve('finetune', [30.0, 50.0, 60.0], np.nan)
    draw_learning_curve(first, one)
    draw_learning_curve(curve('finetune', [30.0, 50.0, 60.0], 5.0), band)
    draw_learning_curve(pd.concat([first, curve('scratch', [10.0, 30.0, 55.0], np.nan)]), two)
    blue, orange = np.array([31, 119, 180]), np.array([255, 127, 14])
    assert (pixels(one) == blue).all(2).any()
    assert not (pixels(one) == orange).all(2).any()
    assert (pixels(two) == orange).all(2).any()
    # The band is the line's colour at a fifth of its strength over white.
    pale = (np.abs(pixels(band) - (255 * 0.8 + blue * 0.2)) < 3).all(2)
    assert pale.sum() > 1000
