"""Every leaf config builds, trains a step, and stays short."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.structures import SegDataSample

from dfpenet_mm.datasets import LoadRasterImage, LoadRasterMask
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.resources import config_dir
from dfpenet_mm.run.settings import MappingSettings, postproc_hooks
from postproc.pipeline import PostprocPipeline

LEAVES = sorted((config_dir() / 'dfpenet').glob('*.py'))
POSTPROC = sorted((config_dir() / 'postproc').glob('*.py'))
BY_NAME = {'ids': lambda path: path.stem}


def build(config):
    config.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmseg'):
        return revert_sync_batchnorm(MODELS.build(config.model))


@pytest.mark.parametrize('path', LEAVES, **BY_NAME)
def test_leaf_is_short_and_says_how_to_run_it(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith('# python tools/')
    assert path.name in lines[0] or path.stem.startswith('release')


@pytest.mark.parametrize('path', LEAVES, **BY_NAME)
def test_leaf_trains_a_step(path):
    model = build(Config.fromfile(path)).train()
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 2, (1, 64, 64))))
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    losses = model.loss(images, [sample, sample])
    total = sum(value for name, value in losses.items() if 'loss' in name)
    total.backward()
    assert torch.isfinite(total)
    frozen = tuple(f'{part}.' for part in getattr(model, 'frozen', ()))
    still = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert still == {name for name, _ in model.named_parameters() if name.startswith(frozen)}


@pytest.mark.parametrize('path', LEAVES, **BY_NAME)
def test_pipelines_of_a_leaf_build(path):
    config = Config.fromfile(path)
    with DefaultScope.overwrite_default_scope('mmseg'):
        for name in ('train_pipeline', 'val_pipeline', 'test_pipeline', 'tta_pipeline'):
            for transform in config.get(name, []):
                TRANSFORMS.build(transform)


@pytest.mark.parametrize(
    'path', [leaf for leaf in LEAVES if 'test_dataloader' in Config.fromfile(leaf)], **BY_NAME
)
def test_mmsegs_api_finds_its_steps_and_ours_read(path):
    """By name alone mmcv's loader would read, which gives BGR, and 8 bits of 16."""
    config = Config.fromfile(path)
    for steps in (config.test_pipeline, config.test_dataloader.dataset.pipeline):
        names = [step.type for step in steps]
        assert names[0] == 'LoadImageFromFile'
        assert 'LoadAnnotations' in names
        built = {step.type: TRANSFORMS.build(step) for step in steps if '_scope_' in step}
        assert type(built['LoadImageFromFile']) is LoadRasterImage
        assert type(built['LoadAnnotations']) is LoadRasterMask
        # Whoever lacks the scope is told of an unknown argument instead of swapping colours.
        assert 'bands' in steps[0]


@pytest.mark.parametrize('path', [leaf for leaf in LEAVES if 'mapping' in Config.fromfile(leaf)])
def test_mapping_section_of_a_leaf_builds(path):
    config = Config.fromfile(path)
    build_scaling(MappingSettings.from_config(config).scaling)
    PostprocPipeline(postproc_hooks(config))


@pytest.mark.parametrize('path', POSTPROC, **BY_NAME)
def test_postproc_lists_build(path):
    PostprocPipeline(postproc_hooks(Config.fromfile(path)))


def test_dfpenet_r101_has_the_papers_parameters():
    model = build(Config.fromfile(config_dir() / 'dfpenet' / 'release_2class.py'))
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 2) == 63.08


@pytest.mark.parametrize(
    ('name', 'left_out'),
    [
        ('landslide4sense', 'landslide4sense/train'),
        ('sichuan', 'sichuan_uav/train'),
        ('tianshui', 'tianshui_irrg_600'),
    ],
)
def test_a_training_without_a_data_set_has_all_others(name, left_out):
    def roots(config):
        sets = config.train_dataloader.dataset.datasets
        return [(one.get('dataset') or one).data_root.removeprefix('data/') for one in sets]

    folder = config_dir() / 'dfpenet'
    everything = roots(Config.fromfile(folder / 'all_sizes_mobilenetv2.py'))
    found = roots(Config.fromfile(folder / f'all_sizes_without_{name}.py'))
    assert sorted([*found, left_out]) == sorted(everything)


@pytest.mark.parametrize(('schedule', 'steps'), [('adamw_300', 100), ('adamw_2k', 500)])
def test_averaged_weights_forget_the_start_even_of_a_shortened_run(schedule, steps):
    config = Config.fromfile(config_dir() / '_base_' / 'schedules' / f'{schedule}.py')
    hook = next(dict(hook) for hook in config.custom_hooks if hook.type == 'EMAHook')
    average = EMAHook(**{name: value for name, value in hook.items() if name != 'type'})
    network = torch.nn.BatchNorm1d(1)
    average.before_run(SimpleNamespace(model=network))
    average.ema_model.update_parameters(network)
    network.running_var.zero_()
    for _ in range(steps):
        average.ema_model.update_parameters(network)
    assert average.ema_model.module.running_var.item() < 1e-3
