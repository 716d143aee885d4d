from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner

from dfpenet_mm.engine.hooks import FiniteTrainingHook
from dfpenet_mm.errors import TrainingError

NAN, INF = float('nan'), float('inf')


def make_runner(**scalars):
    hub = MessageHub('test')
    for name, value in scalars.items():
        hub.update_scalar(f'train/{name}', value)
    rates = SimpleNamespace(get_lr=lambda: {'lr': [0.1, 10.0]})
    return SimpleNamespace(iter=6, message_hub=hub, optim_wrapper=rates, work_dir='nowhere')


@pytest.mark.parametrize('kept', [True, False])
def test_going_on_is_offered_where_there_is_a_checkpoint(kept, tmp_path):
    runner = make_runner(loss=NAN)
    runner.work_dir = str(tmp_path)
    if kept:
        (tmp_path / 'iter_3.pth').touch()
    with pytest.raises(TrainingError) as error:
        FiniteTrainingHook().after_train_iter(runner, 0, outputs={'loss': NAN})
    assert ('--resume' in str(error.value)) is kept


@pytest.mark.parametrize('value', [NAN, INF, -INF])
def test_a_loss_that_is_no_number_ends_the_run(value):
    losses = {'loss': 1.0, 'decode.loss_dice': value}
    with pytest.raises(TrainingError, match=r'^in iteration 7 .*decode.loss_dice .* now is 10\)'):
        FiniteTrainingHook().after_train_iter(make_runner(**losses), 0, outputs=losses)


def test_other_numbers_may_be_undefined():
    scores = {'loss': 1.0, 'decode.acc_seg': NAN}
    FiniteTrainingHook().after_train_iter(make_runner(**scores), 0, outputs=scores)
    FiniteTrainingHook().after_train_iter(make_runner(), 0)


@pytest.mark.parametrize('part', ['state_dict', 'ema_state_dict'])
def test_weights_that_are_no_numbers_are_not_saved(part):
    checkpoint = {'state_dict': {'a': torch.ones(2), 'n': torch.tensor(1)}, 'meta': {}}
    FiniteTrainingHook().before_save_checkpoint(make_runner(), checkpoint)
    checkpoint[part] = {'b': torch.tensor([NAN])}
    with pytest.raises(TrainingError, match=r'1 tensors .* \(b\)'):
        FiniteTrainingHook().before_save_checkpoint(make_runner(), checkpoint)


def test_a_run_that_diverges_leaves_no_checkpoint(tiny_config, tmp_path):
    config = Config.fromfile(tiny_config)
    config.work_dir, config.visualizer = str(tmp_path), None
    config.default_hooks.pop('visualization')
    config.train_dataloader.update(num_workers=0, persistent_workers=False)
    config.optim_wrapper.optimizer.lr = 1e30
    config.optim_wrapper.pop('clip_grad')
    config.param_scheduler = None
    runner = Runner.from_cfg(config)
    runner.register_hook(FiniteTrainingHook())
    with pytest.raises(TrainingError):
        runner.train()
    for path in tmp_path.glob('*.pth'):
        weights = torch.load(path, weights_only=False)['state_dict']
        assert all(torch.isfinite(value).all() for value in weights.values()), path
