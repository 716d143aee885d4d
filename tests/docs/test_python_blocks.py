"""The configs that the documentation shows load, and the networks they describe are built."""

import sys

import numpy as np
import pytest
import rasterio
from mmengine.registry import DefaultScope
from mmseg.apis import inference_model
from mmseg.registry import DATASETS

from dfpenet_mm.configs import load_config, use_flips
from dfpenet_mm.mapping.network.load_model import build_model
from dfpenet_mm.run.settings import MappingSettings, postproc_hooks
from postproc.pipeline import PostprocPipeline
from tests.docs.blocks import ROOT, blocks

# The first is run by tests/postproc/test_registry_own_hook.py, the last by test_commands.py.
ELSEWHERE = ('docs/writing_a_hook.md', 'docs/file_formats.md', 'docs/api/running.md')
SHOWN = [block for block in blocks('python') if block.page not in ELSEWHERE]
# What configs import by custom_imports; test_commands.py trains with it.
MODULES = [block for block in SHOWN if block.first.startswith('# my_site/')]
CONFIGS = [block for block in SHOWN if block not in MODULES]


@pytest.fixture(scope='module')
def repository(tmp_path_factory):
    """A folder with the shipped configs, and those of the pages in their places."""
    folder = tmp_path_factory.mktemp('repository')
    for path in (ROOT / 'configs').rglob('*.py'):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    (folder / 'my_site').mkdir()
    for block in SHOWN:
        (folder / block.first.removeprefix('# ')).write_text(block.text)
    yield folder
    for module in [name for name in sys.modules if name.partition('.')[0] == 'my_site']:
        del sys.modules[module]


@pytest.mark.parametrize('block', CONFIGS, ids=lambda block: block.first)
def test_a_config_of_the_pages_can_be_used(block, repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository))
    assert block.first.startswith('# '), f'{block.page}: name the file in the first line'
    config = load_config(repository / block.first.removeprefix('# '))

    assert sum(weight.numel() for weight in build_model(config).parameters()) > 1e6
    if 'mapping' in config:
        MappingSettings.from_config(config)
        PostprocPipeline(postproc_hooks(config))


def test_differences_reach_the_config(repository):
    config = load_config(repository / 'configs' / 'dfpenet' / 'my_region.py')

    assert (config.mapping.max_shift_m, config.mapping.stride, config.mapping.window) == (
        20,
        64,
        128,
    )
    assert [hook.type for hook in config.postproc][:2] == ['GeologicFilter', 'TemporalDifference']
    strict = load_config(repository / 'configs' / 'dfpenet' / 'strict_region.py')
    assert strict.postproc[0].area_factor == 50


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize(
    ('name', 'bands', 'labels'),
    [
        ('scar_and_deposit', 3, [0, 1, 2, 255]),
        ('four_bands', 4, [0, 1, 255, 0]),
        ('four_bands_mobilenetv2', 4, [0, 1, 255, 0]),
    ],
)
def test_flips_and_mmsegs_api_read_as_the_test_of_a_shown_config(
    name, bands, labels, repository, tmp_path
):
    config = load_config(repository / 'configs' / 'dfpenet' / f'{name}.py')
    rng = np.random.default_rng(0)
    image = rng.integers(1, 255, (bands, 64, 64)).astype(np.uint8)
    mask = np.array(labels, np.uint8).repeat(32).reshape(2, -1).repeat(32, axis=0)
    for folder, values in (('images', image), ('masks', mask[None])):
        (tmp_path / folder).mkdir()
        profile = dict(driver='GTiff', dtype='uint8', height=64, width=64, count=len(values))
        with rasterio.open(tmp_path / folder / 'chip.tif', 'w', **profile) as file:
            file.write(values)

    model = build_model(config).eval()
    model.cfg = config
    with DefaultScope.overwrite_default_scope('mmseg'):
        found = inference_model(model, str(tmp_path / 'images' / 'chip.tif'))
    assert found.pred_sem_seg.data.shape == (1, 64, 64)

    use_flips(config)
    config.test_dataloader.dataset.data_root = str(tmp_path)
    with DefaultScope.overwrite_default_scope('mmseg'):
        sample = DATASETS.build(config.test_dataloader.dataset)[0]
    for turned, axes in zip(sample['inputs'], ((), (2,), (1,)), strict=True):
        np.testing.assert_array_equal(turned.numpy(), np.flip(image, axes))
    for one in sample['data_samples']:
        np.testing.assert_array_equal(one.gt_sem_seg.data[0].numpy(), mask)
