"""The experiments' configs hold the numbers that the paper gives (sections 4.1.2 and 4.2.2)."""

from dataclasses import dataclass
from functools import cache

import pytest
from mmengine.config import Config

from dfpenet_mm.resources import config_dir


@dataclass(frozen=True)
class Experiment:
    """What the paper says of an experiment."""

    crop: int
    iterations: int
    classes: int
    augmentation: frozenset[str]
    data: str
    start: str


FLIP, BLUR, CROP = 'RandomFlip horizontal', 'RandomGaussianBlur', 'RandomCrop'
UPSIDE_DOWN = 'RandomFlip vertical'
TOWN, SCARS, FEW = {FLIP, BLUR}, {CROP, FLIP, UPSIDE_DOWN}, {FLIP, BLUR}
IMAGENET = 'torchvision://resnet101'
DATABASE = 'work_dirs/jiuzhaigou/iter_30000.pth'
PRETRAINED = 'work_dirs/vaihingen_pd/iter_62000.pth'
PRETRAINED_CLEAN = 'work_dirs/vaihingen_pd_clean/iter_62000.pth'

# What is trained, from the paper's text: crop, iterations, classes, augmentation, data, start.
PAPER = {
    'vaihingen': Experiment(600, 62_000, 6, TOWN, 'train.txt', IMAGENET),
    'vaihingen_pd': Experiment(600, 62_000, 6, TOWN, 'pd_train.txt', IMAGENET),
    'vaihingen_from_pd': Experiment(600, 62_000, 6, TOWN, 'train.txt', PRETRAINED),
    'vaihingen_pd_clean': Experiment(600, 62_000, 6, TOWN, 'pd_train_clean.txt', IMAGENET),
    'vaihingen_from_pd_clean': Experiment(600, 62_000, 6, TOWN, 'train.txt', PRETRAINED_CLEAN),
    'ablation_baseline': Experiment(600, 62_000, 6, TOWN, 'train.txt', IMAGENET),
    'ablation_dfpm': Experiment(600, 62_000, 6, TOWN, 'train.txt', IMAGENET),
    'ablation_dfpm_agm': Experiment(600, 62_000, 6, TOWN, 'train.txt', IMAGENET),
    'ablation_full': Experiment(600, 62_000, 6, TOWN, 'train.txt', IMAGENET),
    'jiuzhaigou': Experiment(512, 30_000, 2, SCARS, 'jiuzhaigou/train', IMAGENET),
    'hokkaido_finetune': Experiment(512, 1_000, 2, FEW, 'hokkaido/train', DATABASE),
    'hokkaido_frozen': Experiment(512, 1_000, 2, FEW, 'hokkaido/train', DATABASE),
    'hokkaido_joint': Experiment(
        512, 1_000, 2, SCARS | FEW, 'jiuzhaigou/train hokkaido/train', DATABASE
    ),
}
# Table 1: dense pyramid, attention gate, gated convolution.
SWITCHES = {
    'ablation_baseline': (False, False, False),
    'ablation_dfpm': (True, False, False),
    'ablation_dfpm_agm': (True, True, False),
    'ablation_full': (True, True, True),
    'vaihingen': (True, True, True),
    'jiuzhaigou': (True, True, True),
}
EXPERIMENTS = pytest.mark.parametrize('name', PAPER)


@cache
def load(name):
    return Config.fromfile(config_dir() / 'dfpenet' / f'{name}.py')


def parts(config):
    dataset = config.train_dataloader.dataset
    return dataset.get('datasets', [dataset])


def augmentation(config):
    found = set()
    for part in parts(config):
        for step in part.pipeline:
            if step.type.startswith('Random'):
                found.add(' '.join([step.type, *filter(None, [step.get('direction')])]))
    return found


@EXPERIMENTS
def test_data_crops_and_augmentation(name):
    config, paper = load(name), PAPER[name]
    assert augmentation(config) == paper.augmentation
    assert config.train_dataloader.batch_size == 4
    assert tuple(config.model.data_preprocessor.size) == (paper.crop, paper.crop)
    where = ' '.join(part.get('ann_file', part.data_root) for part in parts(config))
    for expected, found in zip(paper.data.split(), where.split(), strict=True):
        assert found.endswith(expected)


@EXPERIMENTS
def test_optimiser_and_schedule(name):
    """SGD, Nesterov momentum 0.9, lr 0.007, weight decay 5e-4, poly 0.9 down to 0."""
    config, paper = load(name), PAPER[name]
    assert config.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.007, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    faster = config.optim_wrapper.paramwise_cfg.custom_keys
    assert {key: value.lr_mult for key, value in faster.items()} == {
        'neck': 10.0,
        'decode_head': 10.0,
    }
    assert config.train_cfg.max_iters == paper.iterations
    (schedule,) = config.param_scheduler
    assert (schedule.type, schedule.power, schedule.eta_min) == ('PolyLR', 0.9, 0.0)
    assert (schedule.get('begin', 0), schedule.end) == (0, paper.iterations)
    assert not schedule.by_epoch


@EXPERIMENTS
def test_loss_classes_and_start(name):
    config, paper = load(name), PAPER[name]
    assert config.model.decode_head.loss_decode.type == 'LabelledCrossEntropyLoss'
    assert config.model.decode_head.num_classes == paper.classes
    start = config.load_from or config.model.backbone.init_cfg.checkpoint
    assert start == paper.start


@pytest.mark.parametrize('name', SWITCHES)
def test_parts_of_table_1(name):
    neck = load(name).model.neck
    switches = ('dense_pyramid', 'attention_gate', 'gated_conv')
    assert tuple(neck.get(switch, True) for switch in switches) == SWITCHES[name]
    assert load(name).model.backbone.depth == 101


def test_dilations_are_those_of_figure_2():
    for name in PAPER:
        assert load(name).model.backbone.last_stage_dilations == (1, 2, 5)


@pytest.mark.parametrize('name', PAPER)
def test_scores_are_taken_as_in_the_tables(name):
    """Vaihingen on eroded labels and without clutter; landslides by the IoU of their class."""
    config = load(name)
    best = config.default_hooks.checkpoint
    if config.model.decode_head.num_classes == 6:
        assert config.test_evaluator.unscored_classes == ('clutter',)
        assert config.test_dataloader.dataset.data_prefix.seg_map_path == 'labels_eroded'
        assert best.save_best == 'segmentation/mIoU'
    else:
        assert config.test_evaluator.type == 'LandslideMetric'
        assert best.save_best == 'landslide/IoU'
    assert best.rule == 'greater'


def test_frozen_transfer_keeps_the_bottom_up_pyramid():
    assert load('hokkaido_frozen').model.frozen == ['backbone']
