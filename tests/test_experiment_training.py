"""Every experiment's config trains two iterations and tests, on generated data."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from dfpenet_mm.resources import config_dir
from tests.generated_experiment import small

TRAINED = sorted(
    path
    for path in (config_dir() / 'dfpenet').glob('*.py')
    if 'train_dataloader' in Config.fromfile(path)
)


@pytest.mark.slow
@pytest.mark.parametrize('path', TRAINED, ids=lambda path: path.stem)
def test_config_trains_and_tests(path, tmp_path):
    config = small(path, tmp_path)
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == 2
    assert list(Path(config.work_dir).glob('iter_2.pth'))
    scores = runner.test()
    (best,) = [score for name, score in scores.items() if name.endswith('IoU')]
    assert 0 <= best <= 100
    saved_by = config.default_hooks.checkpoint.get('save_best')
    if saved_by:
        assert saved_by in scores
        assert list(Path(config.work_dir).glob('best_*.pth'))
