from pathlib import Path

import pytest

from dfpenet_mm.cli.runner_command import runner_config, runner_parser
from dfpenet_mm.resources import checkpoint_dir


@pytest.mark.parametrize('start', ['checkpoints/{}', 'https://hub.invalid/{}', 'mine/{}'])
def test_shipped_weights_are_found_from_any_folder(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = checkpoint_dir() / 'dfpenet_mobilenetv2_10m.pth'
    given = start.format(shipped.name)
    parser = runner_parser(description='', example='')
    options = ['--cfg-options', f'load_from={given}', 'train_dataloader.num_workers=0']
    args = parser.parse_args(['configs/dfpenet/region_mobilenetv2.py', *options])
    config = runner_config(args)
    assert config.load_from == given or Path(config.load_from).samefile(shipped)
    assert (config.load_from == given) is not start.startswith('checkpoints')
    # The config keeps its workers between epochs.
    assert config.train_dataloader.persistent_workers is False
