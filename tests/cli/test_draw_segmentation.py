import numpy as np
import pytest
import torch
from matplotlib.image import imread

from dfpenet_mm.cli import draw_segmentation as module
from dfpenet_mm.cli.draw_segmentation import build_test_set, choose, draw_segmentation
from dfpenet_mm.errors import CheckpointError, ConfigError
from dfpenet_mm.mapping.network.load_model import build_model
from dfpenet_mm.resources import config_dir
from tests.generated_experiment import small


@pytest.fixture
def config(tmp_path):
    return small(config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py', tmp_path)


@pytest.fixture
def checkpoint(config, tmp_path):
    torch.manual_seed(0)
    torch.save({'state_dict': build_model(config).state_dict()}, tmp_path / 'net.pth')
    return tmp_path / 'net.pth'


def test_rows_hold_what_the_data_set_holds(config, checkpoint, tmp_path, monkeypatch):
    sheets = []
    monkeypatch.setattr(
        module, 'draw_samples', lambda *arguments: sheets.append(arguments) or arguments[-1]
    )
    target = tmp_path / 'sheet.png'
    assert draw_segmentation(config, [checkpoint, checkpoint], target, count=9) == target
    ((rows, networks, legend, _),) = sheets
    assert networks == ['net', 'net']
    assert list(legend.names) == ['background', 'landslide']
    assert [row.name for row in rows] == ['0: a', '1: b']
    for row in rows:
        # The image's right half is brighter, and it is the landslide.
        np.testing.assert_array_equal(row.truth, np.repeat([[0, 1]], 32, axis=1).repeat(64, axis=0))
        assert row.picture[:, 32:].mean() - row.picture[:, :32].mean() == pytest.approx(30, abs=2)
        first, second = row.predictions
        assert first.shape == (64, 64)
        assert set(np.unique(first)) <= {0, 1}
        np.testing.assert_array_equal(first, second)


def test_the_sheet_is_written(config, checkpoint, tmp_path):
    draw_segmentation(config, [checkpoint], tmp_path / 'sheet.png', indices=[1])
    assert imread(tmp_path / 'sheet.png').shape[1] > 600
    assert sorted(path.name for path in tmp_path.glob('*.png*')) == ['sheet.png']


def test_weights_of_another_network_are_refused(config, tmp_path):
    torch.save({'state_dict': {'stranger': torch.ones(1)}}, tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='does not fit'):
        draw_segmentation(config, [tmp_path / 'other.pth'], tmp_path / 'sheet.png')
    assert not (tmp_path / 'sheet.png').exists()


def test_a_test_set_that_cannot_be_built_is_named(config):
    config.test_dataloader.dataset.type = 'NoSuchDataset'
    with pytest.raises(ConfigError, match='cannot be built'):
        build_test_set(config)


@pytest.mark.parametrize(
    ('count', 'indices', 'expected'),
    [(2, None, [0, 5]), (99, None, list(range(10))), (1, [7, 3], [7, 3])],
)
def test_samples_are_spread_or_named(count, indices, expected):
    assert choose(10, count, indices) == expected


@pytest.mark.parametrize(
    ('count', 'indices', 'message'),
    [(0, None, 'at least one'), (1, [10], 'no number 10'), (1, [-1], 'no number -1')],
)
def test_samples_that_are_not_there_are_refused(count, indices, message):
    with pytest.raises(ConfigError, match=message):
        choose(10, count, indices)
