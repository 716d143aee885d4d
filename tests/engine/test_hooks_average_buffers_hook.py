from types import SimpleNamespace

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import get_priority
from torch import nn

from dfpenet_mm.engine import AverageBuffersHook, hooks


def test_running_statistics_are_averaged_and_counters_are_not(monkeypatch):
    given = []
    monkeypatch.setattr(hooks, 'all_reduce_params', lambda values, op: given.append((values, op)))
    model = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(2))
    AverageBuffersHook().after_train_iter(SimpleNamespace(model=model), batch_idx=0)
    ((values, op),) = given
    assert op == 'mean'
    assert [tuple(value.shape) for value in values] == [(3,), (3,), (2,), (2,)]
    assert values[0] is model[0].running_mean


def test_without_buffers_or_processes_nothing_happens():
    AverageBuffersHook().after_train_iter(SimpleNamespace(model=nn.Conv2d(1, 1, 1)))
    model = nn.BatchNorm2d(2)
    AverageBuffersHook().after_train_iter(SimpleNamespace(model=model))
    assert torch.equal(model.running_mean, torch.zeros(2))


def test_it_comes_before_the_moving_average_of_the_weights():
    assert get_priority(AverageBuffersHook.priority) < get_priority(EMAHook.priority)
