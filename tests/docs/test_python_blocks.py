"""The configs that the documentation shows load, and the networks they describe are built."""

import sys

import pytest
from mmengine.config import Config

from dfpenet_mm.mapping.network.load_model import build_model
from dfpenet_mm.run.settings import MappingSettings, postproc_hooks
from postproc.pipeline import PostprocPipeline
from tests.docs.blocks import ROOT, blocks

# The first is run by tests/postproc/test_own_hook.py, the last by test_commands.py.
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
    config = Config.fromfile(repository / block.first.removeprefix('# '))

    assert sum(weight.numel() for weight in build_model(config).parameters()) > 1e6
    if 'mapping' in config:
        MappingSettings.from_config(config)
        PostprocPipeline(postproc_hooks(config))


def test_differences_reach_the_config(repository):
    config = Config.fromfile(repository / 'configs' / 'dfpenet' / 'my_region.py')

    assert (config.mapping.threshold, config.mapping.stride, config.mapping.window) == (
        0.6,
        64,
        128,
    )
    assert [hook.type for hook in config.postproc][:2] == ['GeologicFilter', 'TemporalDifference']
    strict = Config.fromfile(repository / 'configs' / 'dfpenet' / 'strict_region.py')
    assert strict.postproc[0].area_factor == 50
