import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from torch import nn
from torch.utils.data import Dataset

from benchmarks.step_cost import StepCost, TimedTraining
from dfpenet_mm.errors import ConfigError

LENGTH, SIZE = 20, 8


class Squares(Dataset):
    """Images that count how often they are asked for."""

    asked = 0

    def __len__(self):
        return LENGTH

    def __getitem__(self, index):
        Squares.asked += 1
        return torch.full((3, SIZE, SIZE), float(index))


class OneConvolution(BaseModel):
    """A network whose arithmetic is known."""

    steps = 0

    def __init__(self, data_preprocessor):
        super().__init__(data_preprocessor=data_preprocessor)
        self.conv = nn.Conv2d(3, 5, 3, padding=1)

    def forward(self, inputs, mode):
        assert mode == 'loss'
        return {'loss': self.conv(inputs).mean()}

    def train_step(self, data, optim_wrapper):
        type(self).steps += 1
        return super().train_step(data, optim_wrapper)


class Preprocessor(nn.Module):
    def forward(self, batch, training=False):  # noqa: ARG002
        return {'inputs': torch.stack(batch)}


@pytest.fixture(scope='module', autouse=True)
def _registered():
    names = {DATASETS: [Squares], MODELS: [OneConvolution, Preprocessor]}
    for registry, components in names.items():
        for component in components:
            registry.register_module(module=component)
    yield
    for registry, components in names.items():
        for component in components:
            registry.module_dict.pop(component.__name__)


@pytest.fixture
def config():
    loop = {'type': 'IterBasedTrainLoop', 'max_iters': 100, 'val_interval': 2}
    Squares.asked = OneConvolution.steps = 0
    return Config(
        {
            'model': {'type': 'OneConvolution', 'data_preprocessor': {'type': 'Preprocessor'}},
            'train_dataloader': {
                'batch_size': 2,
                'num_workers': 0,
                'sampler': {'type': 'InfiniteSampler'},
                'dataset': {'type': 'Squares'},
            },
            'train_cfg': loop,
            'optim_wrapper': {'optimizer': {'type': 'SGD', 'lr': 0.1}},
            'val_cfg': {'type': 'ValLoop'},
            'default_hooks': {
                'checkpoint': {'type': 'CheckpointHook', 'by_epoch': False, 'interval': 1},
                'visualization': {'type': 'NoSuchHook'},
            },
        }
    )


def test_steps_are_the_trainings_own(config, tmp_path):
    training = TimedTraining(config, name='steps', work_dir=tmp_path)
    weights = training.runner.model.conv.weight.detach().clone()
    training.run(3, warmup=2)
    training.run(2, warmup=1)
    assert (OneConvolution.steps, Squares.asked) == (8, 16)
    assert not torch.equal(training.runner.model.conv.weight, weights)
    assert len(training.times) == 5
    assert all(0 <= data <= seconds for seconds, data, _ in training.times)
    assert not list(tmp_path.rglob('*.pth'))


def test_operations_of_one_convolution(config, tmp_path):
    training = TimedTraining(config, name='operations', work_dir=tmp_path)
    training.run(1, warmup=0)
    cost = training.cost()
    # 2 images, 5 channels of 8x8 from 3 of 3x3; a multiplication and an addition each.
    assert cost.gflop * 1e9 == 2 * 5 * SIZE * SIZE * 3 * 9 * 2
    assert cost.batch_size == 2


def test_the_config_stays_as_it_was(config, tmp_path):
    before = list(config.default_hooks)
    TimedTraining(config, name='unchanged', work_dir=tmp_path)
    assert list(config.default_hooks) == before
    assert config.val_cfg.type == 'ValLoop'


def test_a_config_without_training_is_refused(config, tmp_path):
    config.pop('train_dataloader')
    with pytest.raises(ConfigError, match='has no train_dataloader'):
        TimedTraining(config, name='none', work_dir=tmp_path)


def test_a_loop_by_epochs_is_refused(config, tmp_path):
    config.train_cfg = {'type': 'EpochBasedTrainLoop', 'max_epochs': 1}
    with pytest.raises(ConfigError, match='trains with EpochBasedTrainLoop'):
        TimedTraining(config, name='epochs', work_dir=tmp_path)


def test_summary_by_hand():
    cost = StepCost(
        seconds=np.array([2.0, 4.0, 3.0, 11.0]),
        data_seconds=np.array([0.0, 1.0, 0.0, 4.0]),
        cpu_seconds=np.array([1.0, 2.0, 3.0, 2.0]),
        gflop=7.0,
        batch_size=16,
    )
    found = cost.as_dict()
    assert found['seconds_per_step'] == 3.5
    assert found['steps_per_second'] == pytest.approx(1 / 3.5)
    assert found['seconds_quartiles'] == [2.75, 5.75]
    assert found['seconds_fastest'] == 2
    assert found['cpu_seconds_per_step'] == 2
    assert found['data_share'] == 0.25
    assert found['seconds_per_gflop'] == 0.5
